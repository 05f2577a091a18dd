import { Alert, Badge, Card, Group, SimpleGrid, Stack, Title } from "@mantine/core";
import { PuzzleIcon } from "lucide-react";
import { useHealth } from "../api/queries";
import type { Account, Agent, Health } from "../api/types";
import { evidenceText } from "../parts/evidence";
import { Fact, FactLine } from "../parts/Fact";
import { sentence } from "../parts/sentence";
import { StateBadge } from "../parts/StateBadge";
import { clock, full, span, useNow } from "../parts/time";
import { Trouble, Waiting } from "../parts/Trouble";
import { BundlesCard } from "./BundlesCard";
import { HibernationCard } from "./HibernationCard";
import { ProbesCard } from "./ProbesCard";
import { RepairCard } from "./RepairCard";
import { ResourcesCard } from "./ResourcesCard";

/** How the account is: where it stands and on what that rests, what is repaired, and what it takes of the machine. */
export function HealthTab({ account }: { account: Account }) {
  const query = useHealth(account.id);
  if (query.data === undefined) {
    return query.error === null ? <Waiting lines={4} /> : <Trouble error={query.error} retry={() => void query.refetch()} />;
  }
  const health = query.data;
  return (
    <Stack gap="md">
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <StandingCard health={health} />
        <ProbesCard probes={health.probes} lastProven={health.last_round_trip_at} />
      </SimpleGrid>
      <RepairCard account={account} repair={health.repair} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <ResourcesCard account={account} health={health} />
        <HibernationCard account={account} hibernation={health.hibernation} />
      </SimpleGrid>
      {health.agent !== null && <AgentCard agent={health.agent} />}
      <BundlesCard account={account} />
    </Stack>
  );
}

function StandingCard({ health }: { health: Health }) {
  const now = useNow(1000);
  const evidence = evidenceText(health.evidence);
  return (
    <Card data-testid="standing">
      <Group justify="space-between" mb="md">
        <Title order={2} fz="md">
          State
        </Title>
        <StateBadge state={health.state} size="lg" />
      </Group>
      <Stack gap="sm">
        <FactLine name="For">
          <span title={full(health.since)}>{span(now - Date.parse(health.since))}</span>
        </FactLine>
        {health.reason !== null && <FactLine name="Why">{sentence(health.reason)}</FactLine>}
        <FactLine name="Rests on">
          <span data-testid="evidence">{evidence === "" ? "Nothing was seen yet" : sentence(evidence)}</span>
        </FactLine>
        {health.action !== null && <FactLine name="What to do">{sentence(health.action)}</FactLine>}
        <FactLine name="Started">
          {health.generation === null ? "Not by this node" : sentence(`${times(health.generation)} by this node`)}
          {health.restarts > 0 && `, ${health.restarts} restart${health.restarts === 1 ? "" : "s"} in all`}
        </FactLine>
        {health.last_exit !== null && (
          <FactLine name="Ended last">
            {sentence(health.last_exit.reason)}, {clock(health.last_exit.at)}
          </FactLine>
        )}
      </Stack>
    </Card>
  );
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function AgentCard({ agent }: { agent: Agent }) {
  return (
    <Card data-testid="agent">
      <Title order={2} fz="md" mb="md">
        Script in the page
      </Title>
      <SimpleGrid cols={{ base: 2, md: 4 }} mb={agent.missing.length > 0 ? "md" : 0}>
        <Fact name="Version">{agent.version}</Fact>
        <Fact name="wa-js">{agent.wa_js ?? "Unknown"}</Fact>
        <Fact name="WhatsApp Web">{agent.whatsapp_web ?? "Unknown"}</Fact>
        <Fact name="Tested">{clock(agent.tested_at)}</Fact>
      </SimpleGrid>
      {agent.missing.length > 0 && (
        <Alert color="yellow" icon={<PuzzleIcon size={18} />} title="WhatsApp Web has changed: some of what is used is not there">
          <Stack gap={6}>
            {agent.missing.map((lack) => (
              <Group key={lack.name} gap="xs" data-testid="missing">
                <span className="code">{lack.name}</span>
                {lack.needed_for.map((what) => (
                  <Badge key={what} size="sm" variant="default" tt="none">
                    {what.replaceAll("_", " ")}
                  </Badge>
                ))}
              </Group>
            ))}
          </Stack>
        </Alert>
      )}
    </Card>
  );
}
