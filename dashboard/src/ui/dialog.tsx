import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { IconButton } from './button';

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

const overlay = 'fixed inset-0 z-20 bg-[#0c0c12]/40 data-entering:animate-fade';

/** Something that asks for attention before anything else goes on. */
export function Dialog({ title, isOpen, onClose, children }: Props) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
      className={`${overlay} grid place-items-center p-4`}
    >
      <Modal className="max-h-full w-full max-w-[420px] overflow-auto rounded-sheet bg-raised shadow-3 data-entering:animate-rise">
        <AriaDialog className="p-5 outline-none">
          <div className="mb-3 flex items-center gap-2">
            <Heading slot="title" className="flex-1 font-semibold text-16 tracking-[-0.011em]">
              {title}
            </Heading>
            <IconButton icon={X} label="Close" onPress={onClose} />
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** A pane that comes in from the side where there is no room to keep it open. */
export function Drawer({ title, isOpen, onClose, children }: Props) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
      className={overlay}
    >
      <Modal className="absolute inset-y-0 right-0 w-[340px] max-w-[calc(100vw-32px)] overflow-auto bg-canvas shadow-3 data-entering:animate-slide">
        <AriaDialog aria-label={title} className="min-h-full outline-none">
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
