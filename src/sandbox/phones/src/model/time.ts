const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: '2-digit', year: '2-digit' });

/** `14:05` */
export function timeOfDay(at: string): string {
  return clock.format(new Date(at));
}

/** Counts days by the clock of this machine. */
export function dayNumber(at: Date): number {
  return Math.floor((at.getTime() - at.getTimezoneOffset() * 60_000) / 86_400_000);
}

/** `Today`, `Yesterday`, or the date. */
export function dayName(at: string, now: Date): string {
  const days = dayNumber(now) - dayNumber(new Date(at));
  if (days === 0) return 'Today';
  return days === 1 ? 'Yesterday' : date.format(new Date(at));
}

/** For the list of chats: the time today, else the day. */
export function shortMoment(at: string, now: Date): string {
  const days = dayNumber(now) - dayNumber(new Date(at));
  if (days === 0) return timeOfDay(at);
  return days === 1 ? 'Yesterday' : shortDate.format(new Date(at));
}
