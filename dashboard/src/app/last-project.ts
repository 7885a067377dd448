import { load, save } from '../lib/storage';

const KEY = 'parlour.project';

/** The project this browser had on screen last. */
export const lastProject = (): string | null => load<string>(KEY);

export const rememberProject = (projectId: string) => save(KEY, projectId);
