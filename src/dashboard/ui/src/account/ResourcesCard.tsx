import { Card, Group, Progress, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Account, Health, Resources } from "../api/types";
import { Spark } from "../parts/Spark";
import { size } from "../parts/size";
import { FactLine } from "../parts/Fact";

/** How many measurements the small figure holds: five minutes of one every five seconds. */
const KEPT = 60;

/** What the account's browser takes of the machine, as it is measured. */
export function ResourcesCard({ account, health }: { account: Account; health: Health }) {
  const series = useSeries(health.resources);
  const { resources, limits } = health;
  if (resources === null) {
    return (
      <Card data-testid="resources">
        <Title order={2} fz="md" mb="md">
          Resources
        </Title>
        <Text fz="sm" c="dimmed">
          {account.engine === "simulated" ? "A simulated account has no processes." : "No browser runs for it now."}
        </Text>
      </Card>
    );
  }
  const bound = limits?.hard_bytes ?? limits?.soft_bytes ?? null;
  return (
    <Card data-testid="resources">
      <Title order={2} fz="md" mb="md">
        Resources
      </Title>
      <Figure name="Memory" value={size(resources.pss_bytes)} values={series.map((r) => r.pss_bytes)} />
      {bound !== null && (
        <Progress
          value={Math.min(100, (100 * resources.pss_bytes) / bound)}
          color={limits?.soft_bytes && resources.pss_bytes > limits.soft_bytes ? "orange" : "zap"}
          size={5}
          mt={6}
          aria-label="Memory against its limit"
        />
      )}
      <Text fz="xs" c="dimmed" mt={4} mb="md" className="numbers">
        {limitText(health)}
      </Text>
      <Figure name="Processor" value={`${resources.cpu_percent.toFixed(1)} %`} values={series.map((r) => r.cpu_percent)} />
      <div style={{ marginTop: 12 }}>
        <FactLine name="Processes">{resources.processes}</FactLine>
        <FactLine name="In all">{resources.cpu_seconds.toFixed(1)} s of processor time</FactLine>
        <FactLine name="Page errors">{resources.page_errors}</FactLine>
      </div>
    </Card>
  );
}

function limitText({ limits }: Health): string {
  const parts = [
    limits?.soft_bytes ? `made anew at a quiet moment above ${size(limits.soft_bytes)}` : "",
    limits?.hard_bytes ? `at once above ${size(limits.hard_bytes)}` : "",
  ].filter(Boolean);
  return parts.length === 0 ? "No limit" : parts.join(", ").replace(/^./, (c) => c.toUpperCase());
}

function Figure({ name, value, values }: { name: string; value: string; values: number[] }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="center">
      <div>
        <Text fz="sm" c="dimmed">
          {name}
        </Text>
        <Text fz={22} fw={700} lh={1.2} className="numbers one-line">
          {value}
        </Text>
      </div>
      <Spark values={values} label={`${name} over the last minutes`} />
    </Group>
  );
}

/** What was measured while this page was open, the oldest first; each measurement once. */
function useSeries(newest: Resources | null): Resources[] {
  const [series, setSeries] = useState<Resources[]>([]);
  useEffect(() => {
    if (newest === null) return setSeries([]);
    setSeries((known) => (known.at(-1)?.measured_at === newest.measured_at ? known : [...known, newest].slice(-KEPT)));
  }, [newest]);
  return series;
}
