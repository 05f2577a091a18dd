import { Card, Group, Loader, Text, ThemeIcon, Timeline, Title } from "@mantine/core";
import { Check, Minus, X } from "lucide-react";
import type { Account, Repair } from "../api/types";
import { current, told, words, type Step } from "../parts/repair";
import { sentence } from "../parts/sentence";
import { took } from "../parts/size";
import { exact, span, useNow } from "../parts/time";
import { useStream } from "../stream/live";

/** The repair that is under way, stage by stage, or the last one that this page has seen. */
export function RepairCard({ account, repair }: { account: Account; repair: Repair | null }) {
  const { cursor } = useStream();
  const seen = told(account.id, cursor.recent);
  if (repair === null && seen === null) return null;
  // The stream tells of every stage; the answer alone only of the one that is tried now.
  const live = seen !== null && (repair === null || seen.steps.some((s) => s.stage === repair.stage && s.outcome === "begun"));
  const steps = live ? seen.steps : repair !== null ? current(repair) : [];
  const trigger = repair?.trigger ?? seen?.trigger ?? "";
  return (
    <Card data-testid="repair" data-running={repair !== null}>
      <Group justify="space-between" mb="md">
        <Title order={2} fz="md">
          {repair === null ? "Last repair" : "Repair"}
        </Title>
        <Text fz="sm" c="dimmed">
          {sentence(words(trigger))}
        </Text>
      </Group>
      <RepairSteps steps={steps} running={repair !== null} />
    </Card>
  );
}

/** The stages of a repair, each with what came of it. */
export function RepairSteps({ steps, running }: { steps: Step[]; running: boolean }) {
  const now = useNow(1000);
  // While it runs, people want to see what is still to come; afterwards, what was done.
  const shown = running ? steps : steps.filter((step) => step.outcome !== "untried");
  return (
    <Timeline bulletSize={24} lineWidth={2}>
      {shown.map((step, i) => (
        <Timeline.Item
          key={`${step.stage} ${i}`}
          bullet={<Bullet step={step} running={running} />}
          title={
            <Text fz="sm" fw={step.outcome === "untried" ? 400 : 600} c={step.outcome === "untried" ? "dimmed" : undefined}>
              {step.name}
              {step.attempt > 1 && ` (attempt ${step.attempt})`}
            </Text>
          }
          lineVariant={step.outcome === "untried" ? "dashed" : "solid"}
          data-testid="repair-step"
          data-outcome={step.outcome}
        >
          <Text fz="xs" c="dimmed" className="numbers">
            {wordsOf(step, running, now, shown.slice(i + 1))}
          </Text>
          {step.detail !== null && (
            <Text fz="xs" style={{ overflowWrap: "anywhere" }}>
              {sentence(step.detail)}
            </Text>
          )}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

function wordsOf(step: Step, running: boolean, now: number, later: Step[]): string {
  if (step.outcome === "untried") return later.some((other) => other.outcome !== "untried") ? "Would not help against this" : "Not needed so far";
  const at = step.at === null ? "" : exact(step.at);
  if (step.outcome === "begun") return running && step.at !== null ? `For ${span(now - Date.parse(step.at))}` : `Begun ${at}`;
  const time = step.tookMs === null ? "" : ` after ${took(step.tookMs)}`;
  return `${step.outcome === "helped" ? "Helped" : "Did not help"}${time}, ${at}`;
}

function Bullet({ step, running }: { step: Step; running: boolean }) {
  if (step.outcome === "begun" && running) return <Loader size={14} aria-label="Under way" />;
  const [color, Icon] =
    step.outcome === "helped" ? (["zap", Check] as const) : step.outcome === "failed" ? (["red", X] as const) : (["gray", Minus] as const);
  return (
    <ThemeIcon size={22} radius="xl" color={color} variant={step.outcome === "untried" ? "light" : "filled"}>
      <Icon size={13} />
    </ThemeIcon>
  );
}
