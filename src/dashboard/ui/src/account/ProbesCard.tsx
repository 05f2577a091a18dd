import { Card, Group, Text, Title, Tooltip } from "@mantine/core";
import type { Probe } from "../api/types";
import { took } from "../parts/size";
import { exact, full, span, useNow } from "../parts/time";

/** The height of the longest round trip, in px; a failed one is a mark of its own. */
const HEIGHT = 64;

/** The last round trips to WhatsApp's server and back, the oldest on the left. */
export function ProbesCard({ probes, lastProven }: { probes: Probe[]; lastProven: string | null }) {
  const now = useNow(1000);
  const failed = probes.filter((p) => p.took_ms === null).length;
  const longest = Math.max(1, ...probes.map((p) => p.took_ms ?? 0));
  const newest = probes.find((p) => p.took_ms !== null);
  return (
    <Card data-testid="probes">
      <Group justify="space-between" mb="md">
        <Title order={2} fz="md">
          Round trips
        </Title>
        <Text fz="sm" c="dimmed" className="numbers" title={lastProven === null ? undefined : full(lastProven)}>
          {lastProven === null ? "None proven yet" : `The last one ${span(now - Date.parse(lastProven))} ago`}
        </Text>
      </Group>
      {probes.length === 0 ? (
        <Text fz="sm" c="dimmed">
          None was asked for since this node started. An online account proves one twice a minute or more often.
        </Text>
      ) : (
        <>
          <div className="probes" style={{ height: HEIGHT }} role="img" aria-label={`${probes.length} round trips, ${failed} failed`}>
            {[...probes].reverse().map((probe) => (
              <Tooltip
                key={probe.at}
                label={`${exact(probe.at)}: ${probe.took_ms === null ? (probe.error ?? "failed") : took(probe.took_ms)}`}
                multiline
                maw={300}
              >
                <span
                  className="probe"
                  data-failed={probe.took_ms === null}
                  style={{ height: probe.took_ms === null ? HEIGHT : Math.max(4, (HEIGHT * probe.took_ms) / longest) }}
                />
              </Tooltip>
            ))}
          </div>
          <Text fz="xs" c="dimmed" mt="xs" className="numbers">
            {newest === undefined || newest.took_ms === null ? "None proven" : `Took ${took(newest.took_ms)}, at most ${took(longest)}`}
            {failed > 0 && ` · ${failed} of ${probes.length} failed`}
          </Text>
        </>
      )}
    </Card>
  );
}
