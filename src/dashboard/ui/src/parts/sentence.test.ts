import { expect, it } from "vitest";
import { sentence } from "./sentence";

it("makes a sentence of a reason, and words of the stable word at its head", () => {
  const rows = [
    ["", ""],
    ["parked by request", "Parked by request"],
    ["proxy_refused: status 407", "Proxy refused: status 407"],
    ["passkey_challenge: look at the_phone", "Passkey challenge: look at the_phone"],
  ] as const;
  for (const [given, expected] of rows) expect(sentence(given)).toBe(expected);
});
