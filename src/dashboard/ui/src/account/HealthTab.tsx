import { Alert, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { PuzzleIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useHealth } from "../api/queries";
import type { Account, Agent, Health } from "../api/types";
import { evidenceText } from "../parts/evidence";
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
        <Fact name="For">
          <span title={full(health.since)}>{span(now - Date.parse(health.since))}</span>
        </Fact>
        {health.reason !== null && <Fact name="Why">{sentence(health.reason)}</Fact>}
        <Fact name="Rests on">
          <span data-testid="evidence">{evidence === "" ? "Nothing was seen yet" : sentence(evidence)}</span>
        </Fact>
        {health.action !== null && <Fact name="What to do">{sentence(health.action)}</Fact>}
        <Fact name="Started">
          {health.generation === null ? "Not by this node" : `${times(health.generation)} by this node`}
          {health.restarts > 0 && `, ${health.restarts} restart${health.restarts === 1 ? "" : "s"} in all`}
        </Fact>
        {health.last_exit !== null && (
          <Fact name="Ended last">
            {sentence(health.last_exit.reason)}, {clock(health.last_exit.at)}
          </Fact>
        )}
      </Stack>
    </Card>
  );
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz="sm" className="numbers" style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </div>
  );
}

function AgentCard({ agent }: { agent: Agent }) {
  return (
    <Card data-testid="agent">
      <Title order={2} fz="md" mb="md">
        Script in the page
      </Title>
      <SimpleGrid cols={{ base: 2, md: 4 }} mb={agent.missing.length > 0 ? "md" : 0}>
        <Named name="Version">{agent.version}</Named>
        <Named name="wa-js">{agent.wa_js ?? "Unknown"}</Named>
        <Named name="WhatsApp Web">{agent.whatsapp_web ?? "Unknown"}</Named>
        <Named name="Tested">{clock(agent.tested_at)}</Named>
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

function Named({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text fz="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </div>
  );
}
