import '@fontsource-variable/inter/wght.css';
import '../styles.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { watchTheme } from '../lib/theme';
import { queryClient } from './query-client';
import { createAppRouter } from './router';
import { followSession } from './session-guard';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

const router = createAppRouter(queryClient);
watchTheme();
followSession(router, queryClient);

createRoot(root).render(
  <QueryClientProvider client={queryClient}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
);
