/** What happens while the page is linked, and who takes it in. */

import type { Push, PushVerb } from '../protocol';
import { messageNews } from './inbound';
import { peopleNews } from './people';

/** For each push that is news: what the page does about it. */
export type NewsTable = { [V in PushVerb]?: (push: Extract<Push, { t: V }>) => void };

const TABLE: NewsTable = { ...messageNews, ...peopleNews };

export function isNews(push: Push): boolean {
  return push.t in TABLE;
}

export function report(push: Push): void {
  (TABLE[push.t] as ((push: Push) => void) | undefined)?.(push);
}
