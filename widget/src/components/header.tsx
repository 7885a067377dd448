import type { Store } from '../store';
import { texts } from '../texts';
import { Avatar } from './avatar';
import { CloseIcon } from './icons';

const MOST_AVATARS = 3;

interface Props {
  store: Store;
  titleId: string;
  onClose: () => void;
}

/** Whom the visitor talks to, and whether they are there. */
export function Header({ store, titleId, onClose }: Props) {
  const names = store.agentNames.value.slice(0, MOST_AVATARS);
  return (
    <div class="head">
      <div class="avatars">
        {(names.length > 0 ? names : [store.projectName.value]).map((name) => (
          <Avatar key={name} name={name} size="large" />
        ))}
      </div>
      <div class="title">
        <h2 id={titleId}>{store.projectName}</h2>
        <Availability store={store} />
      </div>
      <button type="button" class="close" aria-label={texts.close} onClick={onClose}>
        <CloseIcon />
      </button>
    </div>
  );
}

function Availability({ store }: { store: Store }) {
  if (store.connection.value === 'connecting') return <p>{texts.connecting}</p>;
  if (store.connection.value === 'online' && store.isAgentOnline.value) {
    return <p class="is-online">{texts.online}</p>;
  }
  return <p>{texts.away}</p>;
}
