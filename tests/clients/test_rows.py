

def test_x(north):
    pass
