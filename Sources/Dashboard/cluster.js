// Whether there is a cluster: what tells of it is hidden if there is none.

import { h } from "./dom.js";

let isThere = false;

export const hasCluster = () => isThere;

/** Takes in what the runner's state says of it. */
export function note(cluster) {
  isThere = cluster !== undefined;
  document.getElementById("nodes-link").hidden = !isThere;
}

/** Where an attempt runs or ran, below something else; nothing if that is here. */
export function place(row) {
  if (!row.place) return null;
  const job = row.cluster_job ? `Slurm job ${row.cluster_job}` : row.ended ? "Slurm" : "not submitted yet";
  const reason = row.cluster_reason ?? row.reason;
  return h("small", { class: "below" },
    [job, row.node ? `on ${row.node}` : reason].filter(Boolean).join(" · "));
}
