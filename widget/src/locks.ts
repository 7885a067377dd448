/** Run a task while no other tab runs one of the same name, where the browser can promise that. */
export async function exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
  // Pages served over plain HTTP have no locks.
  const locks = navigator.locks as LockManager | undefined;
  return locks ? await locks.request(name, task) : task();
}
