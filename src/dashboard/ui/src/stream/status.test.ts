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

  it("stays at a failure", () => {
    for (const end of ["failed", "cancelled", "expired"] as const) {
      expect(advance("queued", end)).toBe(end);
      for (const status of PATH) expect(advance(end, status)).toBe(end);
    }
  });

  it("does not believe a failure after proof of delivery", () => {
    expect(advance("delivered", "failed")).toBe("delivered");
    expect(advance("sent", "failed")).toBe("failed");
  });

  it("lets an unknown outcome become known, not the other way", () => {
    expect(advance("sending", "unknown")).toBe("unknown");
    expect(advance("unknown", "sent")).toBe("sent");
    expect(advance("sent", "unknown")).toBe("sent");
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
