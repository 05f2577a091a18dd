import { Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type ReactElement, type SubmitEvent } from "react";
import { useLocation } from "wouter";
import { newKey, post, statusOfError } from "../api/client";
import { Intent } from "../api/intent";
import { keys, queryClient } from "../api/queries";
import type { Account, Engine } from "../api/types";
import { Trouble } from "./Trouble";

/** The "Add account" button and its dialog, which leads on to the new account's page. */
export function useAddAccount(): { button: ReactElement; dialog: ReactElement; show: () => void } {
  const [opened, { open, close }] = useDisclosure(false);
  return {
    show: open,
    button: (
      <Button leftSection={<Plus size={16} />} onClick={open} data-testid="add-account">
        Add account
      </Button>
    ),
    dialog: (
      <Modal opened={opened} onClose={close} title={<b>Add account</b>}>
        <Form onClose={close} />
      </Modal>
    ),
  };
}

function Form({ onClose }: { onClose: () => void }) {
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [engine, setEngine] = useState<Engine>("browser");
  const [intent] = useState(() => new Intent(newKey));
  const creation = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), engine };
      return post<Account>("/v1/accounts", body, intent.keyFor(body));
    },
    onError: (error) => intent.failed(statusOfError(error)),
    onSuccess: (account) => {
      queryClient.setQueryData(keys.account(account.id), account);
      void queryClient.invalidateQueries({ queryKey: keys.accounts });
      void queryClient.invalidateQueries({ queryKey: keys.account(account.id) });
      onClose();
      go(`/accounts/${account.id}`);
    },
  });
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
          description="How you call this number, such as “Shop” or “Support”."
          required
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          data-autofocus
          data-testid="account-name"
        />
        <Radio.Group label="Engine" value={engine} onChange={(v) => setEngine(v as Engine)}>
          <Stack gap="xs" mt="xs">
            <Radio value="browser" label="Browser" description="WhatsApp Web in a Chromium of its own" />
            <Radio value="simulated" label="Simulated" description="No browser: for load tests and demonstrations" />
          </Stack>
        </Radio.Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={creation.isPending} disabled={name.trim() === ""} data-testid="create-account">
            Add account
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
