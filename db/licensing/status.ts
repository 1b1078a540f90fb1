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

/** Expired, but usable with a warning: the twin of `isInGrace` in rules/licensing/states.ts, for a license whose status is `expired`. */
export const inGraceSql = (now: string, l = "licenses") =>
  `(${statusSql(now, l)} = 'expired' and coalesce(${l}.grace_until, 0) > ${now})`;

/** The twin of `endsWithin` in rules/licensing/states.ts: what a renewal could still prevent. */
export const expiringSql = (now: string, until: string, l = "licenses") => `(
  ${l}.revoked_at is null and coalesce(${l}.expires_at > ${now} and ${l}.expires_at <= ${until}, 0)
  and (${l}.canceled_at is null or ${l}.canceled_at > ${l}.expires_at))`;

/** The twin of `mayActivate` in rules/licensing/decide.ts, as far as it depends on the license alone: no denial at places 2 to 8. */
export const mayActivateSql = (now: string, l = "licenses") => `(
  ${l}.revoked_at is null
  and (${l}.canceled_at is null or ${l}.canceled_at > ${now})
  and json_array_length(${l}.holds) = 0
  and ${l}.starts_at <= ${now}
  and (${l}.expires_at is null or ${l}.expires_at > ${now} or coalesce(${l}.grace_until, 0) > ${now} or ${l}.expiration_strategy <> 'restrict'))`;

/** The twin of `holdsSeat` in rules/licensing/decide.ts: neither released nor at its end and, where dead seats are freed, inside its lease. */
export const holdsSeatSql = (now: string, a = "activations", l = "licenses") => `(
  ${a}.released_at is null
  and (${a}.ends_at is null or ${a}.ends_at > ${now})
  and (${l}.lease_s is null or ${l}.frees_dead_seats = 0 or ${a}.type <> 'online'
    or coalesce(${a}.lease_expires_at, coalesce(${a}.heartbeat_at, ${a}.activated_at) + ${l}.lease_s * 1000) > ${now}))`;

/**
 * Whether an activation holds its seat still, where it is to be written that it goes on: at the latest instant at which anybody asked for a
 * seat of its license. A request takes its time when it begins, so one that is written later may be earlier: by then another device, to which
 * this lease had ended, may have the seat.
 */
export const stillHoldsSql = (now: string, a = "activations", l = "licenses") => {
  const latest = `(select max(max(o.activated_at, coalesce(o.heartbeat_at, 0), o.updated_at))
    from activations o indexed by activations_one_seat_per_device
    where o.tenant_id = ${a}.tenant_id and o.license_id = ${a}.license_id and o.released_at is null and o.id <> ${a}.id)`;
  return `(${holdsSeatSql(now, a, l)} and ((${a}.ends_at is null and (${l}.lease_s is null or ${l}.frees_dead_seats = 0))
    or ${holdsSeatSql(`max(${now}, coalesce(${latest}, 0))`, a, l)}))`;
};

/**
 * The held seats of a license, as the tail of a select: `h` is an activation that holds one. The index has those alone that are not released,
 * however many were over the years; it is named, because the planner cannot know how few of them that leaves. Emergencies hold no seat.
 */
export const heldSeatsSql = (now: string, l = "licenses", h = "h") =>
  `from activations ${h} indexed by activations_one_seat_per_device
   where ${h}.tenant_id = ${l}.tenant_id and ${h}.license_id = ${l}.id and ${h}.type <> 'emergency' and ${holdsSeatSql(now, h, l)}`;

/** Who stands behind an activation: its user or, where none was told, the device for itself. */
export const personSql = (h = "h") => `coalesce('u' || ${h}.user_ref, 'd' || ${h}.id)`;

/** How many cores an activation claims: a device that told of none has one. */
export const coresSql = (h = "h") => `coalesce(${h}.cores, 1)`;

/** How many seats of a license are held. Under `per_seat` the devices of one user are one seat. */
export const seatsHeldSql = (now: string, l = "licenses") => `(case ${l}.model
  when 'per_seat' then (select count(distinct ${personSql()}) ${heldSeatsSql(now, l)})
  else (select count(*) ${heldSeatsSql(now, l)}) end)`;

/** How many cores the devices of a license claim together. */
export const coresHeldSql = (now: string, l = "licenses") => `(select coalesce(sum(${coresSql()}), 0) ${heldSeatsSql(now, l)})`;

/** How many users hold seats of a license or, where its users are named, have a place. */
export const usersHeldSql = (now: string, l = "licenses") => `(case ${l}.type
  when 'named_user' then (select count(*) from named_users n where n.tenant_id = ${l}.tenant_id and n.license_id = ${l}.id)
  else (select count(distinct ${personSql()}) ${heldSeatsSql(now, l)}) end)`;

/** Milliseconds as a literal, for statements that a query builder makes. */
export const literal = (at: Date) => String(at.getTime());
