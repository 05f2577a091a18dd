import { Badge, Tooltip } from "@mantine/core";
import { useStream } from "../stream/live";

const LOOKS = {
  live: { color: "zap", label: "Live", hint: "Every change appears here as it happens." },
  connecting: { color: "gray", label: "Connecting", hint: "Opening the live connection." },
  offline: { color: "orange", label: "Reconnecting", hint: "The live connection is lost. What was missed is caught up once it is back." },
} as const;

/** Whether what is on screen is being kept up to date. */
export function ConnectionDot() {
  const { link, cursor } = useStream();
  const look = LOOKS[link];
  return (
    <Tooltip label={cursor.seq === null ? look.hint : `${look.hint} Event ${cursor.seq}.`} multiline w={230}>
      <Badge
        color={look.color}
        variant="light"
        tt="none"
        fw={600}
        leftSection={<span className="dot" data-pulse={link !== "live"} />}
        data-testid="connection"
        data-link={link}
        role="status"
      >
        {look.label}
      </Badge>
    </Tooltip>
  );
}
