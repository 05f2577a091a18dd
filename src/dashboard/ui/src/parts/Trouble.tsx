import { Alert, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { explain } from "../api/client";

/** A refusal or a failure, said in the server's own sentence, with a way to try again. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert color="red" icon={<CircleAlert size={18} />} role="alert">
      <Group justify="space-between">
        <Text fz="sm">{explain(error)}</Text>
        {retry && (
          <Button size="xs" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** Tells of a failed action in the corner of the page. */
export function tellTrouble(title: string, error: unknown): void {
  notifications.show({ color: "red", title, message: explain(error), autoClose: 10_000 });
}

export function tellDone(message: string): void {
  notifications.show({ color: "zap", message });
}

export function Waiting({ lines = 3 }: { lines?: number }) {
  return (
    <Stack gap="sm" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} height={44} radius="md" />
      ))}
    </Stack>
  );
}

export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" c="dimmed" ta="center">
      {icon}
      <Text fw={600} c="var(--mantine-color-text)">
        {title}
      </Text>
      {children}
    </Stack>
  );
}

export function PageTitle({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  return (
    <Group justify="space-between" mb="lg" gap="md">
      <div>
        <Title order={1} fz={26}>
          {title}
        </Title>
        {text && <Text c="dimmed">{text}</Text>}
      </div>
      {children}
    </Group>
  );
}
