//! Steps of one instance against a peer that is played by hand.
