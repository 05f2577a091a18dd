import { Button, Card, Group, MultiSelect, Text } from "@mantine/core";
import { Activity, Pause, Play } from "lucide-react";
import { useMemo, useState } from "react";
import type { Event } from "../api/types";
import { EventLine } from "../parts/EventLine";
import { Empty, PageTitle } from "../parts/Trouble";
import { useStream } from "../stream/live";

const TYPES = [
  "account.state_changed",
  "account.pairing",
  "account.repair",
  "account.drift",
  "account.gap_closed",
  "message.queued",
  "message.sent",
  "message.delivered",
  "message.read",
  "message.failed",
  "message.cancelled",
  "message.expired",
  "message.unknown",
  "message.received",
  "wallet.topup",
  "wallet.low",
  "wallet.exhausted",
];

/** The tenant's event log as it grows. */
export function EventsPage() {
  const { cursor } = useStream();
  const [types, setTypes] = useState<string[]>([]);
  const [frozen, setFrozen] = useState<Event[] | null>(null);
  const known = useMemo(() => [...new Set([...TYPES, ...cursor.recent.map((e) => e.type)])], [cursor.recent]);
  const shown = (frozen ?? cursor.recent).filter((e) => types.length === 0 || types.includes(e.type));
  const since = frozen === null ? 0 : (cursor.seq ?? 0) - (frozen[0]?.seq ?? 0);

  return (
    <>
      <PageTitle title="Events" text="Everything that happens, in order and without gaps." />
      <Card p={0}>
        <Group p="md" gap="sm" align="center">
          <MultiSelect
            data={known}
            value={types}
            onChange={setTypes}
            placeholder={types.length === 0 ? "All types" : ""}
            aria-label="Show only these types"
            clearable
            searchable
            flex="1 1 260px"
            data-testid="event-types"
          />
          <Button
            variant={frozen === null ? "default" : "filled"}
            leftSection={frozen === null ? <Pause size={16} /> : <Play size={16} />}
            onClick={() => setFrozen(frozen === null ? cursor.recent : null)}
            data-testid="pause-events"
          >
            {frozen === null ? "Pause" : since > 0 ? `Go on (${since} new)` : "Go on"}
          </Button>
        </Group>
        <div className="events" role="log" aria-label="Events" aria-live="off">
          {shown.map((event) => (
            <EventLine key={event.seq} event={event} />
          ))}
        </div>
        {shown.length === 0 && (
          <Empty icon={<Activity size={30} />} title="Nothing yet">
            <Text fz="sm">Events appear here the moment they happen.</Text>
          </Empty>
        )}
      </Card>
    </>
  );
}
