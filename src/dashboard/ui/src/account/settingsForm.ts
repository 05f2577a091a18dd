import type { AccountSettings } from "../api/types";

/** The settings as a form holds them: texts, with the empty one for the node's default. */
export interface Form {
  proxyUrl: string;
  proxyUsername: string;
  /** Never read back: empty leaves the one that is kept. */
  proxyPassword: string;
  userAgent: string;
  locale: string;
  timeZone: string;
  media: "default" | "on" | "off";
  /** Minutes; "" the node's default, "0" never. */
  hibernateAfter: string;
  wakeEvery: string;
}

export function formOf(settings: AccountSettings): Form {
  const minutes = (seconds: number | null | undefined) => (seconds === null || seconds === undefined ? "" : String(seconds / 60));
  const media = settings.media_downloads;
  return {
    proxyUrl: settings.proxy?.url ?? "",
    proxyUsername: settings.proxy?.username ?? "",
    proxyPassword: "",
    userAgent: settings.user_agent ?? "",
    locale: settings.locale ?? "",
    timeZone: settings.time_zone ?? "",
    media: media === null || media === undefined ? "default" : media ? "on" : "off",
    hibernateAfter: minutes(settings.hibernate_after_s),
    wakeEvery: minutes(settings.wake_every_s),
  };
}

/** What a PATCH has to say so that the account is as the form: the fields that differ, null for the node's default. */
export function changeOf(before: AccountSettings, form: Form): Record<string, unknown> {
  const old = formOf(before);
  const change: Record<string, unknown> = {};
  const text = (name: keyof Form, field: string) => {
    if (form[name] !== old[name]) change[field] = form[name].trim() === "" ? null : form[name].trim();
  };
  text("userAgent", "user_agent");
  text("locale", "locale");
  text("timeZone", "time_zone");
  const minutes = (name: "hibernateAfter" | "wakeEvery", field: string) => {
    if (form[name] !== old[name]) change[field] = form[name].trim() === "" ? null : Math.round(Number(form[name]) * 60);
  };
  minutes("hibernateAfter", "hibernate_after_s");
  minutes("wakeEvery", "wake_every_s");
  if (form.media !== old.media) change.media_downloads = form.media === "default" ? null : form.media === "on";
  const proxy = proxyOf(old, form);
  if (proxy !== undefined) change.proxy = proxy;
  return change;
}

/** The whole proxy when anything of it differs, null when there shall be none, undefined when it stays. */
function proxyOf(old: Form, form: Form): Record<string, string> | null | undefined {
  const same = form.proxyUrl === old.proxyUrl && form.proxyUsername === old.proxyUsername && form.proxyPassword === "";
  if (same) return undefined;
  const url = form.proxyUrl.trim();
  if (url === "") return old.proxyUrl === "" ? undefined : null;
  const proxy: Record<string, string> = { url };
  if (form.proxyUsername.trim() !== "") proxy.username = form.proxyUsername.trim();
  if (form.proxyPassword !== "") proxy.password = form.proxyPassword;
  return proxy;
}
