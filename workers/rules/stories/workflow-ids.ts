/**
 * What the workflow of a story is called: its name comes from the business, so that whoever starts it twice starts it once, and whoever knows the
 * object knows the story. What may come again for the same object has the number of the event in it that called for it.
 */
export const workflowIdOf = {
  order: (orderId: string) => `order/${orderId}`,
  operation: (operationId: string) => `operation/${operationId}`,
  recovery: (endpointId: string, seq: number) => `endpoint/${endpointId}/${seq}`,
  archive: (tenantId: string, month: string) => `archive/${tenantId}/${month}`,
  clock: (tenantId: string, seq: number) => `clock/${tenantId}/${seq}`,
};
