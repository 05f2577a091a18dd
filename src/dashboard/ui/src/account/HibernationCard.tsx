import { Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Moon, Sunrise } from "lucide-react";
import type { Account, Hibernation } from "../api/types";
import { PARKED } from "../parts/evidence";
import { clock, full, span, useNow } from "../parts/time";
import { useAccountAction } from "./actions";

const CAN_SLEEP = new Set(["online", "degraded"]);

/** Parks the account and wakes it; says when it wakes by itself. */
export function HibernationCard({ account, hibernation }: { account: Account; hibernation: Hibernation | null }) {
  const { run, busy } = useAccountAction(account.id);
  const asleep = account.state === "hibernated";
  return (
    <Card data-testid="hibernation">
      <Group justify="space-between" mb="md">
        <Title order={2} fz="md">
          Hibernation
        </Title>
        {asleep ? (
          <Button size="xs" leftSection={<Sunrise size={14} />} loading={busy} onClick={() => run("wake")} data-testid="wake">
            Wake
          </Button>
        ) : (
          <Button
            size="xs"
            variant="default"
            leftSection={<Moon size={14} />}
            loading={busy}
            disabled={!CAN_SLEEP.has(account.state)}
            onClick={() => run("hibernate")}
            data-testid="hibernate"
          >
            Hibernate
          </Button>
        )}
      </Group>
      <Words asleep={asleep} hibernation={hibernation} />
    </Card>
  );
}

function Words({ asleep, hibernation }: { asleep: boolean; hibernation: Hibernation | null }) {
  const now = useNow(1000);
  if (hibernation === null) {
    return (
      <Text fz="sm" c="dimmed">
        It is awake. While it sleeps, its browser is closed and its link is kept; a message to send wakes it, and it looks for
        messages now and then.
      </Text>
    );
  }
  return (
    <Stack gap={6}>
      <Text fz="sm" title={full(hibernation.since)}>
        {asleep ? "It sleeps" : "It is awake for a moment"}: {PARKED[hibernation.why] ?? hibernation.why}, {clock(hibernation.since)}.
      </Text>
      {asleep && (
        <Text fz="sm" c="dimmed" className="numbers" data-testid="wake-at">
          {hibernation.wake_at === null
            ? "It wakes by a message to send, or when you wake it."
            : `It looks for messages in ${span(Date.parse(hibernation.wake_at) - now)}, and wakes by a message to send.`}
        </Text>
      )}
    </Stack>
  );
}
