import { Button, Group, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Reply } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { writeAsPhone } from "../api/sandbox";
import { digitsOf, phoneOf } from "../stream/apply";
import { tellTrouble } from "../parts/Trouble";

/** Answers as the other side of the chat, which in the sandbox is a simulated phone. */
export function SandboxReply({ sandbox, chat, to }: { sandbox: string; chat: string; to: string }) {
  const [text, setText] = useState("");
  const reply = useMutation({
    mutationFn: (body: string) => writeAsPhone(sandbox, digitsOf(chat), to, body),
    onSuccess: () => setText(""),
    onError: (error) => tellTrouble("The sandbox phone could not reply", error),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (text.trim() !== "") reply.mutate(text.trim());
  };
  return (
    <form onSubmit={submit}>
      <Group gap="sm" mt="xs" wrap="nowrap">
        <TextInput
          flex={1}
          size="xs"
          radius="lg"
          variant="filled"
          leftSection={<Reply size={14} />}
          placeholder={`Reply as the sandbox phone ${phoneOf(chat)}`}
          aria-label="Reply as the sandbox phone"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          data-testid="sandbox-reply"
        />
        <Button type="submit" size="xs" variant="light" radius="lg" loading={reply.isPending} data-testid="sandbox-reply-send">
          Reply
        </Button>
      </Group>
    </form>
  );
}
