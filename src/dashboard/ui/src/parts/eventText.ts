import type { Event } from "../api/types";
import { phoneOf } from "../stream/apply";
import { stageName, words } from "./repair";

/** One line that says what an event tells. */
export function eventText(event: Event): string {
  const data = event.data;
  const text = (key: string) => (typeof data[key] === "string" || typeof data[key] === "number" ? String(data[key]) : "");
  switch (event.type) {
    case "account.state_changed":
      return [stateChange(text("from"), text("to")), text("reason")].filter(Boolean).join(" · ");
    case "account.pairing":
      return `Code ${text("attempt")} is ready to scan`;
    case "account.repair":
      return `${stageName(text("stage"))}: ${text("outcome")}${text("outcome") === "begun" ? `, because of ${words(text("trigger"))}` : ""}`;
    case "account.drift": {
      const missing = Array.isArray(data.missing) ? data.missing.length : 0;
      return missing === 0 ? "WhatsApp Web has everything that is used" : `WhatsApp Web misses ${missing} of what is used`;
    }
    case "account.gap_closed":
      return `${text("found")} messages found that were missed`;
    case "message.received": {
      const body = (data.text as { body?: string } | null | undefined)?.body ?? text("type");
      return `${text("sender_name") || phoneOf(text("chat"))}: ${body}`;
    }
    case "wallet.topup":
      return `${text("amount")} tokens added, ${text("available")} available`;
    case "wallet.low":
      return `${text("available")} tokens left, below ${text("threshold")}`;
    case "wallet.exhausted":
      return `${text("needed")} tokens needed, ${text("available")} available`;
    default:
      if (event.type.startsWith("message.")) {
        return [`to ${phoneOf(text("chat"))}`, text("type"), text("cause")].filter(Boolean).join(" · ");
      }
      return "";
  }
}

/** A new account comes from nowhere; and sometimes only the reason is new. */
function stateChange(from: string, to: string): string {
  return from === "" || from === to ? to : `${from} → ${to}`;
}

/** The colour of an event's family. */
export function eventColor(type: string): string {
  if (/failed|expired|unknown|exhausted|disabled|revoked/.test(type)) return "red";
  if (type.startsWith("wallet.")) return "yellow";
  if (type === "message.received") return "blue";
  if (type.startsWith("message.")) return "zap";
  return "violet";
}
