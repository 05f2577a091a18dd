import { Avatar } from "@mantine/core";
import { UserRound } from "lucide-react";

const COLORS = ["blue", "cyan", "grape", "indigo", "orange", "pink", "teal", "violet"];

/** Stands for a person: initials of a name, a plain figure for a bare number. The same name keeps its colour. */
export function Face({ name }: { name: string }) {
  const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const nameless = /^[+\d]/.test(name);
  return (
    <Avatar radius="xl" size={38} color={COLORS[sum % COLORS.length]} aria-hidden name={nameless ? undefined : name}>
      {nameless && <UserRound size={19} />}
    </Avatar>
  );
}
