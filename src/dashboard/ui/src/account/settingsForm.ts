import type { AccountSettings } from "../api/types";

/** Yes, no, or as the node has it. */
export type Choice = "default" | "on" | "off";

/** The settings as a form holds them: texts, with the empty one for the node's default. */
export interface Form {
  proxyUrl: string;
  proxyUsername: string;
  /** Never read back: empty leaves the one that is kept. */
  proxyPassword: string;
  userAgent: string;
  locale: string;
  timeZone: string;
  media: Choice;
  otherNumber: Choice;
  /** 0 to 9; "" the node's default. */
  priority: string;
  /** Minutes; "" the node's default, "0" never. */
  hibernateAfter: string;
  wakeEvery: string;
}

export function formOf(settings: AccountSettings): Form {
  const minutes = (seconds: number | null | undefined) => (seconds === null || seconds === undefined ? "" : String(seconds / 60));
  const choice = (value: boolean | null | undefined): Choice => (value === null || value === undefined ? "default" : value ? "on" : "off");
  return {
    proxyUrl: settings.proxy?.url ?? "",
    proxyUsername: settings.proxy?.username ?? "",
    proxyPassword: "",
    userAgent: settings.user_agent ?? "",
    locale: settings.locale ?? "",
    timeZone: settings.time_zone ?? "",
    media: choice(settings.media_downloads),
    otherNumber: choice(settings.allow_other_number),
    priority: String(settings.priority ?? ""),
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
  const choice = (name: "media" | "otherNumber", field: string) => {
    if (form[name] !== old[name]) change[field] = form[name] === "default" ? null : form[name] === "on";
  };
  choice("media", "media_downloads");
  choice("otherNumber", "allow_other_number");
  if (form.priority !== old.priority) change.priority = form.priority.trim() === "" ? null : Number(form.priority);
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
