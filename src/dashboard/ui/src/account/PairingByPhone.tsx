import { Anchor, Button, CopyButton, Group, List, Stack, Text, TextInput, Title, UnstyledButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { post } from "../api/client";
import { keys, queryClient } from "../api/queries";
import type { Account, Pairing } from "../api/types";
import { span, useNow } from "../parts/time";
import { Trouble } from "../parts/Trouble";

/** Links by a code that is typed on the phone, for whoever has no camera at hand. */
export function PairingByPhone({ account, onScan }: { account: Account; onScan: () => void }) {
  const [phone, setPhone] = useState("");
  const asking = useMutation({
    mutationFn: () => post<Pairing>(`/v1/accounts/${account.id}/pairing/code`, { phone: phone.trim() }),
    onSuccess: (pairing) => queryClient.setQueryData(keys.pairing(account.id), pairing),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    asking.mutate();
  };
  return (
    <Stack gap="lg" maw={560} mx="auto" data-testid="pairing-by-phone">
      <div>
        <Title order={2} fz="lg" mb="xs">
          Link with phone number
        </Title>
        <List type="ordered" fz="sm" spacing={6}>
          <List.Item>Write the number of the phone here, and get a code.</List.Item>
          <List.Item>On the phone: Settings, Linked devices, Link a device, then “Link with phone number instead”.</List.Item>
          <List.Item>Type the code there.</List.Item>
        </List>
      </div>
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            flex="1 1 220px"
            label="Phone number"
            description="With its country code"
            placeholder="+55 11 98765-4321"
            type="tel"
            required
            value={phone}
            onChange={(e) => setPhone(e.currentTarget.value)}
            data-testid="pairing-phone"
          />
          <Button type="submit" loading={asking.isPending} disabled={phone.trim() === ""} data-testid="get-code">
            Get a code
          </Button>
        </Group>
      </form>
      {asking.error !== null && <Trouble error={asking.error} />}
      {asking.data !== undefined && <Code pairing={asking.data} />}
      <Anchor component="button" type="button" fz="sm" onClick={onScan} data-testid="scan-instead">
        Scan a QR code instead
      </Anchor>
    </Stack>
  );
}

function Code({ pairing }: { pairing: Pairing }) {
  const now = useNow(1000);
  const left = Date.parse(pairing.expires_at) - now;
  return (
    <div>
      <CopyButton value={pairing.code}>
        {({ copied, copy }) => (
          <UnstyledButton onClick={copy} aria-label={`Code ${pairing.code}, press to copy`} className="typed-code" data-stale={left <= 0} data-testid="typed-code">
            {[...pairing.code].map((sign, i) => (
              <span key={i} data-gap={sign === "-"}>
                {sign === "-" ? "" : sign}
              </span>
            ))}
            <Text span fz="xs" c="dimmed" ml="sm" className="one-line">
              {copied ? "Copied" : "Copy"}
            </Text>
          </UnstyledButton>
        )}
      </CopyButton>
      <Text fz="xs" c="dimmed" mt="xs" className="numbers">
        {left > 0 ? `Good for ${span(left)}` : "No longer good: get another one"}
      </Text>
    </div>
  );
}
