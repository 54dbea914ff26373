/**
 * Something that is there while a function works with it, for all tests of a file; to be asked for inside of them.
 *
 * @param use - Makes it, has it worked with, and takes it away.
 */
export function shared<Thing>(
  use: (work: (thing: Thing) => Promise<void>) => Promise<void>,
): () => Thing {
  const made = Promise.withResolvers<Thing>();
  const ended = Promise.withResolvers<void>();
  let running: Promise<void> | undefined;
  let thing: { readonly it: Thing } | undefined;
  Deno.test.beforeAll(async () => {
    running = use(async (it) => {
      made.resolve(it);
      await ended.promise;
    });
    running.catch(made.reject);
    thing = { it: await made.promise };
  });
  Deno.test.afterAll(async () => {
    ended.resolve();
    await running;
  });
  return () => {
    if (thing === undefined) throw new Error("It is made before the first test");
    return thing.it;
  };
}
