// Asks the runner. The token is this tab's alone, and never in an address.

const place = "millrace-token";

export const token = {
  get: () => sessionStorage.getItem(place),
  set: (text) => sessionStorage.setItem(place, text),
  clear: () => sessionStorage.removeItem(place),
};

/** What the runner said against a request, as RFC 9457 has it. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.status = status;
    this.hint = body.hint;
  }
}

/** Asks for an address below `/v1`; throws `Problem`, or what `fetch` throws where nobody answers. */
export async function ask(path, { method = "GET", body, query, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (token.get()) sent.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const answer = await fetch(addressOf(path, query), {
    method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store", credentials: "omit", redirect: "error",
  });
  if (!answer.ok) throw await problem(answer);
  return answer;
}

/** Asks and reads the answer's JSON. */
export async function get(path, query, signal) {
  return (await ask(path, { query, signal })).json();
}

/** Asks to change something. */
export async function post(path, body) {
  return (await ask(path, { method: "POST", body })).json();
}

function addressOf(path, query = {}) {
  const items = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of [value].flat()) {
      if (item !== undefined && item !== null && item !== "") items.append(name, item);
    }
  }
  const text = items.toString();
  return `/v1${path}${text ? `?${text}` : ""}`;
}

async function problem(answer) {
  const text = await answer.text();
  try {
    return new Problem(answer.status, JSON.parse(text));
  } catch {
    return new Problem(answer.status, { title: `the runner answered with ${answer.status}` });
  }
}
