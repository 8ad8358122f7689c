"""The wheels, as a stranger gets them: installed in an environment of their own, far from the checkout."""
