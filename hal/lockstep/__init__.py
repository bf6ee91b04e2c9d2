"""A board at the far end of a byte stream: frames, the board, and the loop that serves turns."""
