import { Session } from "./session";
import type { Login, Problem } from "./types";

/** A refusal by the API, carrying the problem document it answered with. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
  }
}

/** The server could not be reached at all; nothing is known about the outcome. */
export class Unreachable extends Error {
  constructor(what = "Zaptor") {
    super(`${what} cannot be reached. Check that it runs, then try again.`);
    this.name = "Unreachable";
  }
}

/** A sentence for people out of whatever was thrown. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const details = (error.problem.errors ?? []).map((e) => e.detail).filter(Boolean);
    return [error.message, ...details.filter((d) => !error.message.includes(d))].join(" ");
  }
  return error instanceof Error ? error.message : String(error);
}

export async function problemOf(response: Response): Promise<ApiError> {
  const fallback: Problem = {
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
    detail: `The server answered ${response.status}.`,
    code: "unexpected_answer",
    retryable: response.status >= 500,
  };
  try {
    return new ApiError({ ...fallback, ...((await response.json()) as Partial<Problem>) });
  } catch {
    return new ApiError(fallback);
  }
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

async function refreshLogin(refresh_token: string): Promise<Login | null> {
  const response = await reach("/v1/auth/refresh", json("POST", { refresh_token }));
  if (response.ok) return (await response.json()) as Login;
  if (response.status >= 400 && response.status < 500 && response.status !== 429) return null;
  throw await problemOf(response);
}

export const session = new Session({
  storage: window.sessionStorage,
  refresh: refreshLogin,
});

function json(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  };
}

/** The status of the answer that an error stands for; undefined when none came. */
export function statusOfError(error: unknown): number | undefined {
  return error instanceof ApiError ? error.problem.status : undefined;
}

/** A fresh idempotency key. One user intent keeps one key over all its retries. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Sends with the current token; when it is refused, renews it once and repeats the very same request. */
async function authorized(path: string, init: RequestInit): Promise<Response> {
  const attempt = (token: string | null) => {
    const headers = new Headers(init.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    return reach(path, { ...init, headers });
  };
  const used = session.token ?? (session.resumable ? await session.renew(null) : null);
  const first = await attempt(used);
  if (first.status !== 401) return first;
  const renewed = await session.renew(used);
  return renewed === null ? first : attempt(renewed);
}

async function bodyOf<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return bodyOf<T>(await authorized(path, signal ? { signal } : {}));
}

export async function getBlob(path: string, accept: string): Promise<Blob> {
  const response = await authorized(path, { headers: { Accept: accept } });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** Every change carries an idempotency key; pass `key` to make a retry of the same intent recognisable. */
export async function post<T>(path: string, body?: unknown, key = newKey()): Promise<T> {
  const init = body === undefined ? { method: "POST" } : json("POST", body);
  const headers = { ...(init as { headers?: Record<string, string> }).headers, "Idempotency-Key": key };
  return bodyOf<T>(await authorized(path, { ...init, headers }));
}

export async function patch<T>(path: string, body: unknown, key = newKey()): Promise<T> {
  return bodyOf<T>(await authorized(path, json("PATCH", body, { "Idempotency-Key": key })));
}

export async function remove<T = void>(path: string, key = newKey()): Promise<T> {
  return bodyOf<T>(await authorized(path, { method: "DELETE", headers: { "Idempotency-Key": key } }));
}

export async function signIn(email: string, password: string): Promise<void> {
  const response = await reach("/v1/auth/login", json("POST", { email, password }));
  session.begin(await bodyOf<Login>(response));
}

export async function signOut(): Promise<void> {
  const refresh_token = session.refreshToken;
  const token = session.token;
  session.end();
  if (refresh_token === null) return;
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  // The tab has already forgotten the sign-in; telling the server is courtesy and may fail.
  await reach("/v1/auth/logout", json("POST", { refresh_token }, headers)).catch(() => undefined);
}
