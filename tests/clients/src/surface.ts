/** What a client offers: the names of all its public calls and events, from the client itself. */

import { readFileSync, readdirSync } from 'node:fs';

/** The public methods of a class and of what it extends. */
export function methodsOf(type: any): string[] {
  const names = new Set<string>();
  for (let prototype = type.prototype; prototype && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const { value } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
      if (typeof value === 'function' && name !== 'constructor' && !name.startsWith('_')) names.add(name);
    }
  }
  return [...names];
}

/** The names of events in the type definitions below this folder: `'chat.new_message': …`. */
export function eventsIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('eventTypes.d.ts'));
  const names = files.flatMap((file) => {
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    return [...text.matchAll(/^\s+'([a-z]+\.[a-z_]+)':/gm)].map((match) => match[1] ?? '');
  });
  return [...new Set(names)];
}
