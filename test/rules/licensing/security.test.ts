import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { mismatchesOf, normalFiles, normalPath } from "#rules/licensing/security";

test.each([
  ["bin/studio.exe", "bin/studio.exe"],
  ["bin\\studio.exe", "bin/studio.exe"],
  ["./bin//studio.exe", "bin/studio.exe"],
  ["a/./b", "a/b"],
  ["..hidden/file..", "..hidden/file.."],
  ["Bin/Studio.exe", "Bin/Studio.exe"],
  ["/etc/passwd", null],
  ["\\windows\\system32", null],
  ["C:\\studio.exe", null],
  ["c:studio.exe", null],
  ["../outside", null],
  ["bin/../../outside", null],
  ["bin\\..\\outside", null],
  ["bin/", null],
  ["", null],
  [".", null],
])("the path %j is kept as %j", (path, normal) => {
  expect(normalPath(path)).toBe(normal);
});

const A = "a".repeat(64);
const B = "b".repeat(64);

test("a file is changed, missing or unknown, and missing only where the program told of all its files", () => {
  const registered = [
    { path: "bin/studio", sha256: A },
    { path: "lib/core", sha256: A },
    { path: "lib/print", sha256: A },
  ];
  const found = [
    { path: "plugins/patch", sha256: B },
    { path: "lib/core", sha256: B },
    { path: "bin/studio", sha256: A },
  ];
  const differing = [
    { path: "lib/core", mismatch: "changed" },
    { path: "plugins/patch", mismatch: "unknown" },
  ];
  expect(mismatchesOf(registered, found, { complete: false })).toEqual(differing);
  expect(mismatchesOf(registered, found, { complete: true })).toEqual([
    differing[0],
    { path: "lib/print", mismatch: "missing" },
    differing[1],
  ]);
});

test("hashes are compared whatever the case of their digits, and paths whatever their slashes", () => {
  const registered = normalFiles([{ path: "bin\\studio", sha256: A.toUpperCase() }]);
  expect(mismatchesOf(registered, normalFiles([{ path: "./bin/studio", sha256: A }]), { complete: true })).toEqual([]);
});

const files = fc.uniqueArray(fc.record({ path: fc.stringMatching(/^[a-c]{1,2}$/), sha256: fc.constantFrom(A, B) }), {
  selector: ({ path }) => path,
  maxLength: 8,
});

property.prop([files, files])("nothing differs just where both lists hold the same", (registered, found) => {
  const text = (list: typeof registered) => JSON.stringify([...list].sort((a, b) => (a.path < b.path ? -1 : 1)));
  const differing = mismatchesOf(registered, found, { complete: true });
  expect(differing.length === 0).toBe(text(registered) === text(found));
  expect(mismatchesOf(registered, found, { complete: false })).toEqual(
    differing.filter(({ mismatch }) => mismatch !== "missing"),
  );
});
