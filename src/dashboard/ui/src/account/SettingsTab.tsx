import { Alert, Autocomplete, Button, Card, Group, Input, NumberInput, PasswordInput, SegmentedControl, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode, type SubmitEvent } from "react";
import { ApiError, patch } from "../api/client";
import { keys, queryClient } from "../api/queries";
import type { Account } from "../api/types";
import { tellDone, Trouble } from "../parts/Trouble";
import { changeOf, formOf, type Choice, type Form } from "./settingsForm";
import { VaultCard } from "./VaultCard";

/** Descriptions below their fields, so that fields of a row stand on one line. */
const BELOW: ("label" | "input" | "description" | "error")[] = ["label", "input", "description", "error"];
const ZONES: string[] = Intl.supportedValuesOf("timeZone");

/** What the account is told about itself, and the snapshots of its profile. */
export function SettingsTab({ account }: { account: Account }) {
  return (
    <Stack>
      <Settings key={JSON.stringify(account.settings ?? {})} account={account} />
      <VaultCard account={account} />
    </Stack>
  );
}

function Settings({ account }: { account: Account }) {
  const settings = account.settings ?? {};
  const [form, setForm] = useState<Form>(() => formOf(settings));
  const change = changeOf(settings, form);
  const changed = Object.keys(change).length > 0;
  const saving = useMutation({
    mutationFn: () => patch<Account>(`/v1/accounts/${account.id}`, { settings: change }),
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.account(account.id), saved);
      void queryClient.invalidateQueries({ queryKey: keys.accounts });
      setForm(formOf(saved.settings ?? {}));
      tellDone("The settings are saved.");
    },
  });
  const flaw = (field: string) => flawOf(saving.error, field);
  const text = (name: keyof Form) => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  return (
    <form onSubmit={submit} data-testid="settings-form">
      <Card>
        <Stack gap="xl">
          {saving.error !== null && <Trouble error={saving.error} />}
          <Section title="Proxy" text="All of the browser's traffic takes this way.">
            <TextInput
              label="Address"
              inputWrapperOrder={BELOW}
              placeholder="socks5://host:port"
              description="http or socks5, without name and password"
              error={flaw("proxy")}
              {...text("proxyUrl")}
              data-testid="proxy-url"
            />
            <TextInput label="User name" autoComplete="off" disabled={form.proxyUrl.trim() === ""} {...text("proxyUsername")} />
            <PasswordInput
              label="Password"
              inputWrapperOrder={BELOW}
              description={settings.proxy?.has_password === true ? "One is kept and never shown; empty leaves it, for this address and name" : "Kept encrypted and never shown"}
              autoComplete="new-password"
              disabled={form.proxyUrl.trim() === ""}
              {...text("proxyPassword")}
              data-testid="proxy-password"
            />
          </Section>
          <Section title="Browser" text="What the page sees of it. Empty: as this node has it.">
            <TextInput label="User agent" placeholder="The node's" error={flaw("user_agent")} {...text("userAgent")} />
            <TextInput label="Language" placeholder="pt-BR" error={flaw("locale")} {...text("locale")} data-testid="locale" />
            <Autocomplete
              label="Time zone"
              placeholder="America/Sao_Paulo"
              data={ZONES}
              limit={20}
              error={flaw("time_zone")}
              value={form.timeZone}
              onChange={(timeZone) => setForm({ ...form, timeZone })}
            />
            <Choices label="Media downloads" value={form.media} set={(media) => setForm({ ...form, media })} />
          </Section>
          <Section title="Hibernation" text="An account without anything to do gives its memory back. Empty: as this node has it; 0: never.">
            <Minutes label="Sleeps after" error={flaw("hibernate_after_s")} value={form.hibernateAfter} set={(hibernateAfter) => setForm({ ...form, hibernateAfter })} />
            <Minutes label="Looks for messages every" error={flaw("wake_every_s")} value={form.wakeEvery} set={(wakeEvery) => setForm({ ...form, wakeEvery })} />
          </Section>
          <Section title="This account" text="Its place among the others, and which phone it may be linked with.">
            <NumberInput
              label="Priority"
              inputWrapperOrder={BELOW}
              description="0 to 9: who is opened first when there is not room for all"
              min={0}
              max={9}
              allowDecimal={false}
              allowNegative={false}
              placeholder="0"
              error={flaw("priority")}
              value={form.priority}
              onChange={(value) => setForm({ ...form, priority: String(value) })}
              data-testid="priority"
            />
            <Choices
              label="Another number may take it over"
              description="Off: a phone with another number than the account's is refused"
              value={form.otherNumber}
              set={(otherNumber) => setForm({ ...form, otherNumber })}
            />
          </Section>
          {changed && (
            <Alert color="blue" p="xs">
              <Text fz="sm">What concerns the browser is taken over when its next session begins: restart the account to have it now.</Text>
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" disabled={!changed} onClick={() => setForm(formOf(settings))}>
              Discard
            </Button>
            <Button type="submit" disabled={!changed} loading={saving.isPending} data-testid="save-settings">
              Save
            </Button>
          </Group>
        </Stack>
      </Card>
    </form>
  );
}

/** What the service says about one field, below that field. */
function flawOf(error: unknown, field: string): string | undefined {
  const errors = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  return errors.find((e) => e.pointer.startsWith(`/settings/${field}`))?.detail;
}

function Section({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <div>
      <Title order={2} fz="md">
        {title}
      </Title>
      <Text fz="sm" c="dimmed" mb="sm">
        {text}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{children}</SimpleGrid>
    </div>
  );
}

function Choices(props: { label: string; description?: string; value: Choice; set: (value: Choice) => void }) {
  return (
    <Input.Wrapper label={props.label} description={props.description} inputWrapperOrder={BELOW} labelElement="div">
      <SegmentedControl
        fullWidth
        mb={props.description === undefined ? 0 : 4}
        aria-label={props.label}
        value={props.value}
        onChange={(value) => props.set(value as Choice)}
        data={[
          { value: "default", label: "Default" },
          { value: "on", label: "On" },
          { value: "off", label: "Off" },
        ]}
      />
    </Input.Wrapper>
  );
}

function Minutes(props: { label: string; value: string; error: string | undefined; set: (value: string) => void }) {
  return (
    <NumberInput
      label={props.label}
      suffix=" min"
      min={0}
      max={43_200}
      allowNegative={false}
      placeholder="The node's"
      error={props.error}
      value={props.value}
      onChange={(value) => props.set(String(value))}
    />
  );
}
