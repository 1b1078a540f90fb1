import { expect, test } from "vitest";
import { world } from "../world.ts";
import { factsOf } from "./facts.ts";

test("a feature is created, read, changed, found by its code, and archived once however often that is asked", async () => {
  const w = await world();
  const made = await w.post("/v1/features", { code: "export", name: "Export", external_id: "f-1", metadata: { a: "1" } });
  expect(made).toMatchObject({
    status: 201,
    body: { object: "feature", code: "export", description: null, archived_at: null, external_id: "f-1" },
  });
  const path = `/v1/features/${made.body["id"]}`;
  await w.post("/v1/features", { code: "print", name: "Print" });

  const changed = await w.patch(path, { name: "Export to print", description: "PDF/X" });
  expect(changed).toMatchObject({
    status: 200,
    body: { name: "Export to print", description: "PDF/X", code: "export", metadata: { a: "1" } },
  });
  expect((await w.get(path)).body).toEqual(changed.body);
  expect((await w.get("/v1/features?code=export")).body["data"]).toEqual([changed.body]);
  expect((await w.get("/v1/features?external_id=f-1")).body["data"]).toEqual([changed.body]);

  const archived = await w.post(`${path}/archive`);
  expect(archived).toMatchObject({ status: 200, body: { archived_at: expect.stringMatching(/^\d{4}-.*Z$/) } });
  expect((await w.post(`${path}/archive`)).body).toEqual(archived.body);
  expect((await w.get("/v1/features?archived=true")).body["data"]).toEqual([archived.body]);
  expect((await w.get("/v1/features?archived=false")).body["data"]).toMatchObject([{ code: "print" }]);

  const told = (await factsOf(w.tenant.id)).filter((fact) => fact.subject === made.body["id"]);
  expect(told.map((fact) => fact.type)).toEqual(["feature.created", "feature.updated", "feature.archived"]);
  expect(told[1]?.previous).toEqual({ name: "Export", description: null });
  expect(told[2]?.previous).toEqual({ archived_at: null });
});

test("codes and external ids are each one feature's, also when it is changed", async () => {
  const w = await world();
  await w.post("/v1/features", { code: "a", name: "A", external_id: "x" });
  const second = await w.post("/v1/features", { code: "b", name: "B" });
  expect(await w.post("/v1/features", { code: "a", name: "C" })).toMatchObject({
    status: 409,
    body: { code: "feature_code_taken" },
  });
  expect(await w.post("/v1/features", { code: "c", name: "C", external_id: "x" })).toMatchObject({
    status: 409,
    body: { code: "external_id_taken" },
  });
  const path = `/v1/features/${second.body["id"]}`;
  expect(await w.patch(path, { code: "a" })).toMatchObject({ status: 409, body: { code: "feature_code_taken" } });
  expect((await w.get(path)).body).toEqual(second.body);
});

test("another tenant's feature is answered like one that never was", async () => {
  const [mine, other] = [await world(), await world()];
  const theirs = (await other.post("/v1/features", { code: "export", name: "Export" })).body["id"];
  const withoutRequest = ({ body }: { body: Record<string, unknown> }) => ({ ...body, request_id: "" });
  const never = withoutRequest(await mine.get("/v1/features/fea_000je5x2k8q1t4v7z0b3d6f9h2"));
  expect(never).toMatchObject({ status: 404, code: "feature_not_found" });
  for (const answer of [
    await mine.get(`/v1/features/${theirs}`),
    await mine.patch(`/v1/features/${theirs}`, { name: "Mine" }),
    await mine.post(`/v1/features/${theirs}/archive`),
    await mine.get("/v1/features/no-id-at-all"),
  ]) {
    expect(withoutRequest(answer)).toEqual(never);
  }
  expect((await other.get(`/v1/features/${theirs}`)).body).toMatchObject({ name: "Export", archived_at: null });
});
