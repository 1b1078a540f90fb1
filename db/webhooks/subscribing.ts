/**
 * The product that an event `told` is about: its subject, the one that its object names, or that of the license whose log it belongs to. Null where there
 * is none, as with settings, customers and orders.
 */
const PRODUCT = `coalesce(
  case told.subject_type when 'product' then told.subject_id end,
  told.data ->> '$.object.product_id',
  (select l.product_id from licenses l where l.tenant_id = told.tenant_id and l.id = told.license_id))`;

/**
 * Whether an endpoint `e` subscribes to an event `told`: to everything, to its type, or to all events of its noun; and where it names products, to that
 * of the event, if it has one. One condition for the delivery that is written with the event, and for one that is made of it later.
 */
export const SUBSCRIBES = `exists (
  select 1 from json_each(e.events) p where p.value in ('*', told.type, substr(told.type, 1, instr(told.type, '.')) || '*'))
  and (e.product_ids is null or coalesce(${PRODUCT} in (select value from json_each(e.product_ids)), true))`;
