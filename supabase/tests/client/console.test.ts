/** The console in real browsers, over the real stack. */
import assert from "node:assert/strict";
import { findChromium } from "../support/chromium.ts";
import { AppFamily, must } from "../support/app_family.ts";
import { Person, withBrowser } from "../support/console.ts";
import { withStack } from "../support/harness.ts";

const ignore = findChromium() === undefined;

Deno.test({
  name:
    "three guardians sign up, make a key, and two sign what one asks for; tabs are killed on the way",
  ignore,
  async fn() {
    await withStack((stack) =>
      withBrowser(async (browser) => {
        const people: Person[] = [];
        for (const name of ["ann", "bob", "cleo"]) {
          const person = await Person.arrive(browser, stack, name);
          await person.becomeGuardian({ smith: name }, {
            killed: name === "bob",
            pictured: name === "cleo",
          });
          people.push(person);
        }
        const [ann, bob, cleo] = people;
        for (const person of people) {
          await person.go("Family");
          await person.sees("This family has no key yet");
        }
        await ann.go("Ceremonies");
        await ann.sees("Make the family's key");
        await ann.picture("ceremonies");
        await ann.press("Start");
        await ann.heading("A new key");
        const words = await ann.page.locator("ol.words.public").innerText();
        for (const person of people) {
          if (person !== ann) {
            await person.go("Inbox");
            await person.page.getByRole("link", { name: "A ceremony awaits you" }).click();
            await person.heading("A new key");
          }
          assert.equal(await person.page.locator("ol.words.public").innerText(), words);
          await person.tick(/The others have the same words/);
          if (person === bob) await person.picture("ceremony");
          await person.press("Take part");
          await person.sees("This device takes part");
          // What goes on after a tab was killed goes on by itself.
          await person.reopen();
        }
        for (const person of people) await person.sees("Your share of epoch 1 is on this device");
        await cleo.picture("ceremony-done");

        for (const person of people) {
          await person.go("Family");
          await person.sees("This device has your share of the current key");
          await person.go("Inbox");
        }
        await ann.go("Sessions");
        await ann.page.getByText("Ask for a signature").click();
        await ann.fill("The note", "Hello from the three of us.\nSecond line");
        await ann.press("Ask the guardians");
        await ann.go("Inbox");
        await bob.sees("ann asks for a signature: note (kind 1)");
        await bob.picture("inbox");
        await bob.press("Approve");
        await bob.sees("You have signed");
        await bob.reopen();
        await bob.sees("Nothing awaits you");
        await cleo.sees("ann asks for a signature: note (kind 1)");
        await ann.press("Approve");
        await ann.sees(/The signature is there|You have signed/);
        // Finished work leaves the inbox of who was not needed.
        await cleo.sees("Nothing awaits you");
        await cleo.go("Sessions");
        await cleo.page.getByRole("link", { name: /ann asks/ }).click();
        await cleo.sees("Checked on this device: the record is whole");
        await cleo.sees("and the signature is the key's");
        await cleo.picture("session");
        for (const { name, complaints } of people) assert.deepEqual([name, complaints], [name, []]);
      })
    );
  },
});

Deno.test({
  name: "operators see figures, others do not; by keyboard, in the dark and on a wide screen",
  ignore,
  async fn() {
    await withStack((stack) =>
      withBrowser(async (browser) => {
        const family = await AppFamily.found(stack);
        const { sessionId } = must(
          await family.members[0].sessions.createSession(family.request()),
        );
        await family.sign(sessionId);
        must(await family.members[0].sessions.createSession(family.request()));
        const olga = await Person.arrive(browser, stack, "olga");
        await olga.becomeGuardian({ smith: "olga" });
        assert.equal(await olga.page.getByRole("link", { name: "Operators" }).count(), 0);

        await olga.joinFamilies({ smith: "olga" }, { permafrost_operator: true });
        await olga.page.setViewportSize({ width: 1000, height: 900 });
        await olga.page.emulateMedia({ colorScheme: "dark" });
        await olga.go("Device");
        await olga.press("Log out");
        await olga.fill("E-mail", olga.email);
        await olga.fill("Password", "a password of the account");
        // By keyboard alone.
        await olga.page.keyboard.press("Tab");
        await olga.page.keyboard.press("Enter");
        await olga.unlock();
        await olga.go("Operators");
        await olga.sees("100 % of the finished ones are completed");
        await olga.page.locator("canvas").waitFor();
        await olga.picture("operators-dark");
        assert.deepEqual(olga.complaints, []);
      })
    );
  },
});
