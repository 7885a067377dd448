import { Globe, Plus, X } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import type { Project } from '../../api/wire';
import { Alert } from '../../ui/alert';
import { Button, IconButton } from '../../ui/button';
import { TextField } from '../../ui/field';
import { domainFault, tidyDomain } from './domains';
import { useUpdateProject } from './projects';

/** The sites that may show a project's chat. Every change is saved at once. */
export function DomainsEditor({ project }: { project: Project }) {
  const { domains } = project;
  const update = useUpdateProject(project.id);
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);

  const save = async (next: string[]) => {
    setFailure(null);
    try {
      await update.mutateAsync({ domains: next });
      return true;
    } catch (error) {
      const field = error instanceof Refusal ? Object.values(error.fields).join(' ') : '';
      setFailure(field || explain(error));
      return false;
    }
  };

  const add = async (event: FormEvent) => {
    event.preventDefault();
    const domain = tidyDomain(text);
    const wrong = domainFault(domain, domains);
    setFault(wrong);
    if (wrong === null && (await save([...domains, domain]))) setText('');
    input.current?.focus();
  };

  return (
    <div className="grid gap-3">
      {domains.length > 0 ? (
        <ul className="overflow-hidden rounded-row border border-line">
          {domains.map((domain) => (
            <li
              key={domain}
              className="flex items-center gap-2.5 py-1 pr-1 pl-3 not-last:border-line not-last:border-b"
            >
              <Globe size={15} aria-hidden className="shrink-0 text-fg-3" />
              <span className="wrap-anywhere min-w-0 flex-1">{domain}</span>
              <IconButton
                icon={X}
                label={`Remove ${domain}`}
                isDisabled={update.isPending}
                onPress={() => void save(domains.filter((other) => other !== domain))}
              />
            </li>
          ))}
        </ul>
      ) : (
        <p className="rounded-row border border-line-2 border-dashed px-3.5 py-3 text-fg-2">
          No domain yet. Add the site you put the snippet on: elsewhere the chat does not start.
        </p>
      )}
      <form onSubmit={add} noValidate className="flex items-end gap-2">
        <TextField
          label="Add a domain"
          inputRef={input}
          value={text}
          placeholder="example.com"
          autoComplete="off"
          spellCheck="false"
          onChange={(value) => {
            setText(value);
            setFault(null);
          }}
          {...(fault ? { 'aria-describedby': 'domain-fault', isInvalid: true } : {})}
        />
        <Button type="submit" size="field" isPending={update.isPending}>
          <Plus size={15} aria-hidden className="text-fg-3" />
          Add
        </Button>
      </form>
      {fault && (
        <p id="domain-fault" role="alert" className="-mt-1 text-12 text-bad">
          {fault}
        </p>
      )}
      {failure && <Alert>{failure}</Alert>}
      <p className="text-12 text-fg-2">
        <code>*.example.com</code> allows every subdomain; <code>localhost:5173</code> is for trying
        it out.
      </p>
    </div>
  );
}
