import { MemoryStore } from '../../state/memory';
import { storeContract } from './store.contract';

storeContract('MemoryStore', () => new MemoryStore());
