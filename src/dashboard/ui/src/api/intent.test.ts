import { expect, it } from "vitest";
import { Intent } from "./intent";

function intent() {
  let n = 0;
  return new Intent(() => `key-${(n += 1)}`);
}

it("repeats its key while the outcome is open", () => {
  const one = intent();
  const key = one.keyFor({ amount: 5 });
  for (const status of [undefined, 500, 503, 409, 429]) {
    one.failed(status);
    expect(one.keyFor({ amount: 5 })).toBe(key);
  }
});

it("takes a new key after a refusal, so that the old answer is not given again", () => {
  const one = intent();
  const key = one.keyFor({ amount: 5 });
  one.failed(402);
  expect(one.keyFor({ amount: 5 })).not.toBe(key);
});

it("takes a new key for other content", () => {
  const one = intent();
  expect(one.keyFor({ amount: 5 })).not.toBe(one.keyFor({ amount: 6 }));
});
