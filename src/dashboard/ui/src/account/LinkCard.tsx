import { Alert, Anchor, Button, Card, Group, List, Loader, SimpleGrid, Stack, Stepper, Text, Title } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { CircleCheckBig } from "lucide-react";
import { useState } from "react";
import { useInfo } from "../api/queries";
import type { Account } from "../api/types";
import { sentence } from "../parts/sentence";
import { PairingByPhone } from "./PairingByPhone";
import { PairingQr } from "./PairingQr";
import { SandboxScan } from "./SandboxScan";

const STEP: Partial<Record<Account["state"], number>> = { created: 0, starting: 0, pairing: 0, syncing: 1, online: 3 };

/** Leads from a new account to a linked one: QR code, syncing, online. */
export function LinkCard({ account, onDone }: { account: Account; onDone: () => void }) {
  const narrow = useMediaQuery("(max-width: 36em)");
  const active = STEP[account.state] ?? 0;
  return (
    <Card data-testid="link-card">
      <Stack gap="xl">
        <Stepper active={active} size="sm" orientation={narrow ? "vertical" : "horizontal"} iconSize={34}>
          <Stepper.Step label="Pairing" description="Scan the code" loading={account.state === "starting" || account.state === "created"} />
          <Stepper.Step label="Syncing" description="Chats are read" loading={account.state === "syncing"} />
          <Stepper.Step label="Online" description="Ready to send" />
        </Stepper>
        <Body account={account} onDone={onDone} />
      </Stack>
    </Card>
  );
}

function Body({ account, onDone }: { account: Account; onDone: () => void }) {
  switch (account.state) {
    case "pairing":
      return <Scan account={account} />;
    case "online":
      return (
        <Alert color="zap" icon={<CircleCheckBig size={20} />} title="Linked and online">
          <Group justify="space-between">
            <Text fz="sm">
              {account.phone === null ? "The account" : `+${account.phone}`} answered a round trip through WhatsApp. Write the first
              message below.
            </Text>
            <Button size="xs" variant="light" onClick={onDone}>
              Got it
            </Button>
          </Group>
        </Alert>
      );
    default:
      return (
        <Group justify="center" py="md" role="status">
          <Loader size="sm" />
          <Text c="dimmed">
            {sentence(account.reason ?? (account.state === "syncing" ? "the phone is linked; chats are being read." : "starting the browser…"))}
          </Text>
        </Group>
      );
  }
}

function Scan({ account }: { account: Account }) {
  const sandbox = useInfo().data?.sandbox_url ?? null;
  const [typing, setTyping] = useState(false);
  if (typing) return <PairingByPhone account={account} onScan={() => setTyping(false)} />;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl" verticalSpacing="xl">
      <PairingQr account={account.id} />
      <Stack gap="lg" justify="center">
        <div>
          <Title order={2} fz="lg" mb="xs">
            Link a phone
          </Title>
          <List type="ordered" fz="sm" spacing={6}>
            <List.Item>Open WhatsApp on the phone.</List.Item>
            <List.Item>Go to Settings, then Linked devices, then Link a device.</List.Item>
            <List.Item>Point the camera at this code. It renews itself.</List.Item>
          </List>
          <Anchor component="button" type="button" fz="sm" mt="sm" onClick={() => setTyping(true)} data-testid="link-by-phone">
            Link with phone number instead
          </Anchor>
        </div>
        {sandbox !== null && <SandboxScan account={account} sandbox={sandbox} />}
      </Stack>
    </SimpleGrid>
  );
}
