import { render } from 'preact';
import { App } from './App';
import { Notices } from './parts/notice';

render(<Notices><App /></Notices>, document.body);
