// What a job depends on, as a drawing: its whole workflow, or itself behind the jobs that it needs.

import { get, Problem } from "./api.js";
import { calm, fill, h } from "./dom.js";
import { graph } from "./graph.js";
import { section } from "./parts.js";

/** So many of the jobs that one needs are drawn. */
const mostDrawn = 24;

export class NeedsView {
  constructor(context) {
    this.context = context;
    this.drawing = h("div");
    this.rest = h("p", { class: "hint" });
    this.element = section("What it depends on", this.drawing, this.rest);
    this.element.hidden = true;
    this.drawn = new Set();
    const soon = calm(() => context.attempt(() => this.draw()), 400);
    context.signal.addEventListener("abort", soon.stop);
    context.onEvent((event) => {
      if (event.type === "reset" || (event.type.startsWith("job.") && this.drawn.has(event.job))) soon();
    });
  }

  /** Takes the job in when the page looks at it for the first time; events do the rest. */
  async begin(job) {
    if (this.job || !(job.workflow || job.after?.length)) return;
    this.job = job;
    await this.draw();
  }

  async draw() {
    if (!this.job) return;
    const { id, workflow } = this.job;
    const steps = workflow ? await this.workflow() : await this.neighbours();
    this.drawn = new Set(steps.flatMap((step) => step.jobs.map((job) => job.id)));
    const here = steps.find((step) => step.jobs.some((job) => job.id === id));
    fill(this.drawing, graph(workflow ? `workflow ${workflow}` : `job ${id}`, steps, here));
    this.element.hidden = false;
  }

  async workflow() {
    return (await get(`/workflows/${this.job.workflow}`, {}, this.context.signal)).steps;
  }

  async neighbours() {
    const { id } = this.job;
    const after = [...new Map(this.job.after.map((need) => [need.job, need])).values()];
    const shown = after.slice(0, mostDrawn);
    this.rest.textContent = after.length > shown.length ? `and ${after.length - shown.length} jobs more` : "";
    const [own, ...needed] = await Promise.all([id, ...shown.map((need) => need.job)].map(async (job) => (
      { name: `job ${job}`, needs: {}, jobs: await this.find(job) })));
    own.needs = Object.fromEntries(shown.map((need) => [`job ${need.job}`, need.condition]));
    return [...needed, own];
  }

  /** A job as a step has it; nothing if it was deleted. */
  async find(id) {
    try {
      const { job } = await get(`/jobs/${id}`, {}, this.context.signal);
      return [{ id, state: job.state }];
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return [];
      throw error;
    }
  }
}
