import { Card, Group, Text, ThemeIcon } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** One figure with its name. */
export function Stat(props: { name: string; value: ReactNode; note?: ReactNode; icon: LucideIcon; color?: string; testId?: string }) {
  const Icon = props.icon;
  return (
    <Card>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div className="stat-words">
          <Text fz="sm" c="dimmed" fw={500}>
            {props.name}
          </Text>
          <Text fz={30} fw={700} lh={1.25} className="numbers" data-testid={props.testId}>
            {props.value}
          </Text>
          {props.note && (
            <Text fz="xs" c="dimmed" component="div">
              {props.note}
            </Text>
          )}
        </div>
        <ThemeIcon variant="light" className="stat-icon" size={42} radius="md" color={props.color ?? "zap"}>
          <Icon size={21} />
        </ThemeIcon>
      </Group>
    </Card>
  );
}
