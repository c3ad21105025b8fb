"""Taylor series in time of the enstrophy of Taylor-Green flow, by the recursion

(m + 1) u[m+1] = -P div(sum over a of u[a] u[m-a]) + nu lap u[m],

which is exact on a grid that holds all its modes. Prints the coefficients used in physics.rs.
"""
import numpy as np
n=40; nu=1/1600; M=12
k=np.fft.fftfreq(n,1/n); K=np.array(np.meshgrid(k,k,k,indexing='ij')); k2=(K**2).sum(0); k2i=np.where(k2==0,1,k2)
x=np.arange(n)*2*np.pi/n; X,Y,Z=np.meshgrid(x,x,x,indexing='ij')
u=[np.array([np.sin(X)*np.cos(Y)*np.cos(Z),-np.cos(X)*np.sin(Y)*np.cos(Z),0*X])]
f=lambda a: np.fft.fftn(a,axes=(-3,-2,-1)); g=lambda a: np.fft.ifftn(a,axes=(-3,-2,-1)).real
uh=[f(u[0])]
for m in range(M):
    N=np.zeros((3,n,n,n),complex)
    T={}
    for i in range(3):
        for j in range(i,3):
            s=sum(u[a][i]*u[m-a][j] for a in range(m+1)); T[i,j]=T[j,i]=f(s)
    for i in range(3):
        N[i]=-1j*sum(K[j]*T[i,j] for j in range(3))
    N-=K*(K*N).sum(0)/k2i
    new=(N-nu*k2*uh[m])/(m+1)
    new[np.abs(new)<1e-13*np.abs(new).max()]=0
    uh.append(new); u.append(g(new))
c=[]
for m in range(M+1):
    c.append(sum(0.5*(k2*(uh[a]*np.conj(uh[m-a])).real).sum() for a in range(m+1))/n**6)
print([repr(float(v)) for v in c])
