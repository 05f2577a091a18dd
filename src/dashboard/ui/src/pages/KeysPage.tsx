import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Check, Copy, KeyRound, Plus, Trash2 } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { newKey, post, remove, statusOfError } from "../api/client";
import { Intent } from "../api/intent";
import { keys, queryClient, useApiKeys } from "../api/queries";
import type { ApiKey } from "../api/types";
import { clock } from "../parts/time";
import { Empty, PageTitle, tellDone, tellTrouble, Trouble, Waiting } from "../parts/Trouble";

const SCOPES: [scope: string, meaning: string][] = [
  ["messages:write", "Send and cancel messages"],
  ["messages:read", "Read messages and their status"],
  ["accounts:write", "Add, link, restart and delete accounts"],
  ["accounts:read", "See accounts and their state"],
  ["wallet:read", "See tokens and entries"],
  ["events:read", "Read and stream events"],
  ["webhooks:write", "Set up webhooks"],
];

export function KeysPage() {
  const query = useApiKeys();
  const [creating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  return (
    <>
      <PageTitle title="API keys" text="For programs that send and read messages without a sign-in.">
        <Button leftSection={<Plus size={16} />} onClick={() => setCreating(true)} data-testid="add-key">
          Create key
        </Button>
      </PageTitle>
      <Modal opened={creating} onClose={() => setCreating(false)} title={<b>Create API key</b>} size="lg">
        <Creation onClose={() => setCreating(false)} />
      </Modal>
      <Deletion apiKey={doomed} onClose={() => setDoomed(null)} />
      <Card p={0}>
        {query.isPending && <Waiting />}
        {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
        {query.data?.length === 0 && (
          <Empty icon={<KeyRound size={32} />} title="No keys yet">
            <Text fz="sm">A key is shown once, when it is created.</Text>
          </Empty>
        )}
        {query.data !== undefined && query.data.length > 0 && <Keys list={query.data} onDelete={setDoomed} />}
      </Card>
    </>
  );
}

function Keys({ list, onDelete }: { list: ApiKey[]; onDelete: (key: ApiKey) => void }) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th visibleFrom="sm">Scopes</Table.Th>
          <Table.Th visibleFrom="xs" className="one-line">
            Last used
          </Table.Th>
          <Table.Th w={50} aria-label="Delete" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {list.map((key) => (
          <Table.Tr key={key.id} data-testid="key-row">
            <Table.Td>
              <Group gap="xs" wrap="nowrap">
                <Text fw={600} fz="sm">
                  {key.name}
                </Text>
                <Badge size="xs" variant="light" style={{ flexShrink: 0 }} color={key.mode === "live" ? "zap" : "gray"}>
                  {key.mode}
                </Badge>
              </Group>
              <span className="code">{key.prefix}…</span>
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <Group gap={4}>
                {key.scopes.map((scope) => (
                  <Badge key={scope} size="sm" variant="default" tt="none" fw={500}>
                    {scope}
                  </Badge>
                ))}
              </Group>
            </Table.Td>
            <Table.Td visibleFrom="xs" className="one-line">
              {key.last_used_at === null ? "Never" : clock(key.last_used_at)}
            </Table.Td>
            <Table.Td>
              <ActionIcon variant="subtle" color="red" aria-label={`Delete ${key.name}`} onClick={() => onDelete(key)} data-testid="delete-key">
                <Trash2 size={16} />
              </ActionIcon>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Creation({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [mode, setMode] = useState("live");
  const [scopes, setScopes] = useState<string[]>(["messages:write", "messages:read"]);
  const [intent] = useState(() => new Intent(newKey));
  const creation = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), scopes, mode };
      return post<ApiKey>("/v1/keys", body, intent.keyFor(body));
    },
    onError: (error) => intent.failed(statusOfError(error)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
  });
  if (creation.data?.key !== undefined) return <Once secret={creation.data.key} onClose={onClose} />;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    creation.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {creation.error !== null && <Trouble error={creation.error} />}
        <TextInput
          label="Name"
          description="What uses it, so that you know it again."
          required
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          data-autofocus
          data-testid="key-name"
        />
        <div>
          <SegmentedControl
            aria-label="Mode"
            value={mode}
            onChange={setMode}
            data={[
              { value: "live", label: "Live" },
              { value: "test", label: "Test" },
            ]}
          />
          <Text fz="xs" c="dimmed" mt={4}>
            {mode === "live" ? "Sends for real and spends tokens." : "Works only on sandbox accounts and never spends tokens."}
          </Text>
        </div>
        <Checkbox.Group label="Scopes" description="Grant what it needs, nothing more." value={scopes} onChange={setScopes}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} mt="xs" spacing="sm">
            {SCOPES.map(([scope, meaning]) => (
              <Checkbox key={scope} value={scope} label={scope} description={meaning} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={creation.isPending} disabled={name.trim() === "" || scopes.length === 0} data-testid="create-key">
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Once({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" title="Copy it now">
        This is the only time that the key is shown. Zaptor keeps a fingerprint of it, not the key itself.
      </Alert>
      <Group wrap="nowrap">
        <Code block flex={1} style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }} data-testid="key-secret">
          {secret}
        </Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button variant="light" leftSection={copied ? <Check size={16} /> : <Copy size={16} />} onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Group justify="flex-end">
        <Button onClick={onClose} data-testid="key-done">
          I have it
        </Button>
      </Group>
    </Stack>
  );
}

function Deletion({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const deletion = useMutation({
    mutationFn: (id: string) => remove(`/v1/keys/${id}`),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.apiKeys });
      tellDone("The key is deleted.");
      onClose();
    },
    onError: (error) => tellTrouble("The key was not deleted", error),
  });
  return (
    <Modal opened={apiKey !== null} onClose={onClose} title={<b>Delete “{apiKey?.name}”?</b>}>
      <Stack>
        <Text fz="sm">Programs that use this key are refused from now on. This cannot be undone.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={deletion.isPending} onClick={() => apiKey && deletion.mutate(apiKey.id)} data-testid="confirm">
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
