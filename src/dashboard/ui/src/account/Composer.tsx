import { ActionIcon, Group, Text, Textarea } from "@mantine/core";
import { SendHorizontal } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import type { Account } from "../api/types";

/** The field to write a text into. Enter sends, Shift+Enter starts a new line. */
export function Composer({ account, to, onSend }: { account: Account; to: string; onSend: (to: string, body: string) => void }) {
  const [text, setText] = useState("");
  const target = to.includes("@") ? to : to.replace(/\D/g, "");
  const ready = text.trim() !== "" && target !== "";

  function send() {
    if (!ready) return;
    onSend(target, text.trim());
    setText("");
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <>
      <Group gap="sm" align="end" wrap="nowrap">
        <Textarea
          flex={1}
          autosize
          minRows={1}
          maxRows={6}
          radius="lg"
          maxLength={65_536}
          placeholder="Write a message"
          aria-label="Message"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          onKeyDown={onKeyDown}
          data-testid="composer-text"
        />
        <ActionIcon size={36} radius="xl" variant="filled" aria-label="Send" disabled={!ready} onClick={send} data-testid="composer-send">
          <SendHorizontal size={17} />
        </ActionIcon>
      </Group>
      {account.state !== "online" && (
        <Text fz="xs" c="dimmed" mt={6}>
          The account is not online: what you send waits in its queue.
        </Text>
      )}
    </>
  );
}
