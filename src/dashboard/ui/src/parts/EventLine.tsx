import { Badge, Code, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import type { Event } from "../api/types";
import { eventColor, eventText } from "./eventText";
import { exact, full } from "./time";

/** An event in one line; pressed, the whole of it. */
export function EventLine({ event }: { event: Event }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <UnstyledButton className="event" onClick={() => setOpen(!open)} aria-expanded={open} data-testid="event-row" data-type={event.type}>
        <span className="numbers" title={full(event.timestamp)}>
          {exact(event.timestamp)}
        </span>
        <span className="event-seq numbers" style={{ opacity: 0.6 }}>
          #{event.seq}
        </span>
        <span>
          <Badge size="sm" variant="light" tt="none" color={eventColor(event.type)} fw={600}>
            {event.type}
          </Badge>
        </span>
        <span className="event-text">{eventText(event)}</span>
      </UnstyledButton>
      {open && (
        <Code block mx="md" my="xs">
          {JSON.stringify(event, null, 2)}
        </Code>
      )}
    </>
  );
}
