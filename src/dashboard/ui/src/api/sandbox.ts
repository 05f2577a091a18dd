import { ApiError, get, problemOf, Unreachable } from "./client";
import type { Pairing } from "./types";

/** The simulated WhatsApp's control, which answers on its own address and knows no sign-in. */

async function call<T>(url: string, body: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Unreachable("The sandbox");
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

/** Makes sure that the phone exists; one that does already is as good as new. */
export async function ensurePhone(sandbox: string, phone: string, name?: string): Promise<void> {
  try {
    await call(`${sandbox}/_/api/phones`, name ? { phone, name } : { phone });
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.status === 409)) throw error;
  }
}

/** Lets the phone scan what the account shows now. A code that was renewed meanwhile is read once more. */
export async function scanWithPhone(sandbox: string, account: string, phone: string, name?: string): Promise<void> {
  await ensurePhone(sandbox, phone, name);
  const scan = async () => {
    const { code } = await get<Pairing>(`/v1/accounts/${account}/pairing`);
    await call(`${sandbox}/_/api/phones/${phone}/scan`, { code });
  };
  try {
    await scan();
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.code === "unknown_code")) throw error;
    await scan();
  }
}

/** The simulated phone writes to a number that one of our accounts serves. */
export async function writeAsPhone(sandbox: string, phone: string, to: string, body: string): Promise<void> {
  await ensurePhone(sandbox, phone);
  await call(`${sandbox}/_/api/phones/${phone}/messages`, { to, type: "text", text: { body } });
}

/** A Brazilian mobile number that nobody has chosen by hand. */
export function proposePhone(random: () => number = Math.random): string {
  return `55119${String(Math.floor(random() * 100_000_000)).padStart(8, "0")}`;
}
