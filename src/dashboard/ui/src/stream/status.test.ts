import { describe, expect, it } from "vitest";
import type { MessageStatus } from "../api/types";
import { advance, isCancellable, statusOf } from "./status";

const PATH: MessageStatus[] = ["scheduled", "queued", "sending", "sent", "delivered", "read", "played"];

describe("advance", () => {
  it("moves forward along a message's life, and never back", () => {
    for (const [i, earlier] of PATH.entries()) {
      for (const later of PATH.slice(i)) {
        expect(advance(earlier, later)).toBe(later);
        expect(advance(later, earlier)).toBe(later);
      }
    }
  });

  it("stays at an end", () => {
    for (const end of ["failed", "cancelled", "expired", "unknown"] as const) {
      expect(advance("queued", end)).toBe(end);
      for (const status of PATH) expect(advance(end, status)).toBe(end);
    }
  });

  it("does not believe in a failure once WhatsApp's server has the message", () => {
    for (const end of ["failed", "unknown", "expired"] as const) {
      expect(advance("sending", end)).toBe(end);
      expect(advance("sent", end)).toBe("sent");
      expect(advance("read", end)).toBe("read");
    }
  });

  it("ignores a status that it has never heard of", () => {
    expect(advance("sent", "teleported" as MessageStatus)).toBe("sent");
  });
});

it("reads the status out of an event's type", () => {
  expect(statusOf("message.delivered")).toBe("delivered");
  expect(statusOf("message.received")).toBeNull();
  expect(statusOf("message.reaction")).toBeNull();
  expect(statusOf("account.state_changed")).toBeNull();
});

it("offers to cancel only what has not been handed over", () => {
  expect((["scheduled", "queued", "sending", "sent"] as const).map(isCancellable)).toEqual([true, true, false, false]);
});
