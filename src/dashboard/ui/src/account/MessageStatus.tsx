import { Button, Loader, Popover, Stack, Text, Timeline, UnstyledButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Ban, CalendarClock, Check, CheckCheck, CircleAlert, CircleQuestionMark, Clock, Send, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { remove } from "../api/client";
import { keys, queryClient, useMessage } from "../api/queries";
import type { Message, MessageStatus as Status } from "../api/types";
import { isCancellable } from "../stream/status";
import { sentence } from "../parts/sentence";
import { exact, full } from "../parts/time";
import { tellTrouble, Trouble } from "../parts/Trouble";

const ICONS: Record<Status, LucideIcon> = {
  scheduled: CalendarClock,
  queued: Clock,
  sending: Send,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  played: CheckCheck,
  received: Check,
  failed: CircleAlert,
  cancelled: Ban,
  expired: CircleAlert,
  unknown: CircleQuestionMark,
};

export function StatusIcon({ status }: { status: Status }) {
  const Icon = ICONS[status] ?? CircleQuestionMark;
  return <Icon size={14} aria-hidden style={{ flexShrink: 0 }} />;
}

/** A message's status; pressing it shows each step with its time and cause. */
export function MessageStatus({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="top-end" withArrow shadow="lg" width={290} trapFocus>
      <Popover.Target>
        <UnstyledButton
          className="status"
          data-testid="message-status"
          data-status={message.status}
          aria-label={`${message.status}, show the steps`}
          onClick={() => setOpen(!open)}
        >
          {message.status}
          <StatusIcon status={message.status} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>{open && <Steps message={message} />}</Popover.Dropdown>
    </Popover>
  );
}

/** A message that did not reach WhatsApp for certain costs nothing. */
function priceOf(message: Message): string {
  if (["failed", "cancelled", "expired", "unknown"].includes(message.status)) return "Not charged";
  return `${message.cost} ${message.cost === 1 ? "token" : "tokens"}`;
}

function Steps({ message }: { message: Message }) {
  const query = useMessage(message.id, true);
  const cancel = useMutation({
    mutationFn: () => remove<Message>(`/v1/messages/${message.id}`),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: keys.message(message.id) });
      void queryClient.invalidateQueries({ queryKey: keys.accountMessages(message.account) });
    },
    onError: (error) => tellTrouble("The message was not cancelled", error),
  });
  if (query.data === undefined) return query.error === null ? <Loader size="sm" /> : <Trouble error={query.error} />;
  const steps = query.data.timeline ?? [];
  return (
    <Stack gap="sm" data-testid="timeline">
      <Timeline active={steps.length - 1} bulletSize={22} lineWidth={2}>
        {steps.map((step, i) => (
          <Timeline.Item key={i} title={<Text span fz="sm" fw={600}>{step.status}</Text>} bullet={<StatusIcon status={step.status} />} lh={1.2} mt={i === 0 ? 0 : 10}>
            <Text fz="xs" c="dimmed" className="numbers" title={[full(step.at), step.node].filter(Boolean).join(" · ")}>
              {exact(step.at)}
              {step.attempt > 1 && ` · attempt ${step.attempt}`}
            </Text>
            {step.cause && <Text fz="xs">{sentence(step.cause)}</Text>}
          </Timeline.Item>
        ))}
      </Timeline>
      {query.data.error && (
        <Text fz="xs" c="red">
          {query.data.error.detail}
        </Text>
      )}
      <Text fz="xs" c="dimmed">
        {priceOf(message)} · <span className="code">{message.id}</span>
      </Text>
      {isCancellable(message.status) && (
        <Button size="xs" variant="light" color="red" loading={cancel.isPending} onClick={() => cancel.mutate()} data-testid="cancel-message">
          Cancel this message
        </Button>
      )}
    </Stack>
  );
}
