// The rules about a license's life as SQL, so that filters and claims decide by the same facts in the database itself. Each is held equal
// to its rule by a property test on the real database. `now` is a bound parameter or milliseconds, `l` and `a` are the names under which
// the statement knows licenses and activations.

/** The twin of `statusOf` in rules/licensing/states.ts: the first line that fits decides. */
export const statusSql = (now: string, l = "licenses") => `case
  when ${l}.revoked_at is not null then 'revoked'
  when ${l}.canceled_at <= ${now} then 'canceled'
  when json_array_length(${l}.holds) > 0 then 'suspended'
  when ${now} < ${l}.starts_at then 'pending'
  when ${l}.expires_at <= ${now} then 'expired'
  when ${l}.expiry_basis = 'first_activation' and ${l}.activated_at is null then 'pending'
  else 'active' end`;

/** The twin of `mayActivate` in rules/licensing/decide.ts, as far as it depends on the license alone: no denial at places 2 to 8. */
export const mayActivateSql = (now: string, l = "licenses") => `(
  ${l}.revoked_at is null
  and (${l}.canceled_at is null or ${l}.canceled_at > ${now})
  and json_array_length(${l}.holds) = 0
  and ${l}.starts_at <= ${now}
  and (${l}.expires_at is null or ${l}.expires_at > ${now} or coalesce(${l}.grace_until, 0) > ${now} or ${l}.expiration_strategy <> 'restrict'))`;

/** The twin of `holdsSeat` in rules/licensing/decide.ts: not released and, where dead seats are freed, inside its lease. */
export const holdsSeatSql = (now: string, a = "activations", l = "licenses") => `(
  ${a}.released_at is null
  and (${l}.lease_s is null or ${l}.frees_dead_seats = 0 or ${a}.type <> 'online'
    or coalesce(${a}.lease_expires_at, coalesce(${a}.heartbeat_at, ${a}.activated_at) + ${l}.lease_s * 1000) > ${now}))`;

/**
 * The held seats of a license, as the tail of a select: `h` is an activation that holds one. The index has those alone that are not released,
 * however many were over the years; it is named, because the planner cannot know how few of them that leaves.
 */
export const heldSeatsSql = (now: string, l = "licenses") =>
  `from activations h indexed by activations_one_seat_per_device
   where h.tenant_id = ${l}.tenant_id and h.license_id = ${l}.id and ${holdsSeatSql(now, "h", l)}`;

/** Milliseconds as a literal, for statements that a query builder makes. */
export const literal = (at: Date) => String(at.getTime());
