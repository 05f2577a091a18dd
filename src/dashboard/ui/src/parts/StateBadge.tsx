import { Badge, type BadgeProps } from "@mantine/core";
import { Moon } from "lucide-react";
import type { AccountState } from "../api/types";

const LOOKS: Record<AccountState, { color: string; label: string; moving?: true }> = {
  created: { color: "gray", label: "Created" },
  starting: { color: "blue", label: "Starting", moving: true },
  pairing: { color: "violet", label: "Pairing", moving: true },
  syncing: { color: "cyan", label: "Syncing", moving: true },
  online: { color: "zap", label: "Online" },
  degraded: { color: "yellow", label: "Degraded", moving: true },
  restarting: { color: "orange", label: "Restarting", moving: true },
  hibernated: { color: "indigo", label: "Hibernated" },
  stopped: { color: "gray", label: "Stopped" },
  logged_out: { color: "red", label: "Logged out" },
  banned: { color: "red", label: "Banned" },
  failed: { color: "red", label: "Failed" },
};

/** An account's state as a coloured word; a beating dot marks the states that pass by themselves. */
export function StateBadge({ state, ...rest }: { state: AccountState } & BadgeProps & { "data-testid"?: string }) {
  const look = LOOKS[state] ?? { color: "gray", label: state };
  return (
    <Badge
      color={look.color}
      variant="light"
      tt="none"
      fw={600}
      data-state={state}
      leftSection={state === "hibernated" ? <Moon size={11} aria-hidden /> : <span className="dot" data-pulse={look.moving ?? false} />}
      {...rest}
    >
      {look.label}
    </Badge>
  );
}
