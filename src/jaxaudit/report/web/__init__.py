"""An audit, a run or a check as one page of HTML that opens offline and asks the network for nothing."""
