import { describe, expect, it } from "vitest";
import { changeOf, formOf } from "./settingsForm";

const before = {
  proxy: { url: "socks5://10.0.0.1:1080", username: "ana" },
  locale: "pt-BR",
  time_zone: null,
  hibernate_after_s: 3600,
  media_downloads: false,
  allow_other_number: true,
  priority: 3,
};

describe("changeOf", () => {
  it("says nothing when nothing was changed", () => {
    expect(changeOf(before, formOf(before))).toEqual({});
    expect(changeOf({}, formOf({}))).toEqual({});
    expect(changeOf(before, { ...formOf(before), priority: "" })).toEqual({ priority: null });
  });

  it("names what differs, and null for the node's default", () => {
    const form = { ...formOf(before), locale: "", timeZone: " Europe/Lisbon ", hibernateAfter: "0", wakeEvery: "15", media: "default" as const, otherNumber: "off" as const, priority: "9" };
    expect(changeOf(before, form)).toEqual({
      locale: null, time_zone: "Europe/Lisbon", hibernate_after_s: 0, wake_every_s: 900, media_downloads: null,
      allow_other_number: false, priority: 9,
    });
  });

  it("sends a password only when one was typed, and never a proxy without an address", () => {
    expect(changeOf(before, { ...formOf(before), proxyPassword: "s3cret" })).toEqual({
      proxy: { url: "socks5://10.0.0.1:1080", username: "ana", password: "s3cret" },
    });
    expect(changeOf(before, { ...formOf(before), proxyUrl: "" })).toEqual({ proxy: null });
    expect(changeOf({}, { ...formOf({}), proxyPassword: "x" })).toEqual({});
  });

  it("never shows a password", () => {
    expect(formOf({ proxy: { url: "http://p:1", username: "u" } }).proxyPassword).toBe("");
  });
});
